import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type RawBuilder,
} from 'kysely';
import type { Engine } from './engine.ts';

/** They only write SQL; nothing is ever run by them. */
const writers: Record<Engine, Kysely<object>> = {
  sqlite: new Kysely({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
  postgres: new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  }),
};

/** The text of a statement, for nobody to run just now. */
export function written(engine: Engine, builder: RawBuilder<unknown>): CompiledQuery {
  return builder.compile(writers[engine]);
}

/**
 * The same SQL as one fragment with the same parameters: what stands in many statements is put together once, and not in each
 * of them anew.
 */
export function flatten<T>(engine: Engine, builder: RawBuilder<T>): RawBuilder<T> {
  const { sql: text, parameters } = written(engine, builder);
  const fragments = text.split(engine === 'postgres' ? /\$\d+/ : '?');
  if (fragments.length !== parameters.length + 1) throw new Error('A fragment holds what looks like a parameter');
  return sql<T>(Object.assign(fragments, { raw: fragments }), ...parameters);
}
