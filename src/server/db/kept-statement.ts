import { CompiledQuery, sql, type RawBuilder } from 'kysely';
import type { Engine, Queries } from './engine.ts';
import { written } from './flatten.ts';

/** Values that a kept statement is run with: texts and numbers, or lists of texts where it has them. */
export type Given = string | number | null | readonly string[];

/** Places for what is given when the statement is run, by its position. */
export interface Places {
  readonly value: (position: number) => RawBuilder<unknown>;
  /** `column in (values)` */
  readonly isOneOf: (column: RawBuilder<unknown>, position: number) => RawBuilder<boolean>;
}

/**
 * A statement that is put together once and run with other values each time: Kysely's work on a short statement takes longer
 * than the database's. Its text may depend on nothing but the engine.
 */
export interface KeptStatement<Row> {
  run(queries: Queries, engine: Engine, ...given: Given[]): Promise<Row[]>;
}

class Place {
  readonly position: number;
  readonly isList: boolean;
  constructor(position: number, isList: boolean) {
    this.position = position;
    this.isList = isList;
  }
}

export function keepStatement<Row>(build: (places: Places, engine: Engine) => RawBuilder<Row>): KeptStatement<Row> {
  const kept = new Map<Engine, { text: string; parameters: readonly unknown[] }>();
  const prepare = (engine: Engine) => {
    const known = kept.get(engine);
    if (known !== undefined) return known;
    const { sql: text, parameters } = written(engine, build(placesOf(engine), engine));
    const statement = { text, parameters };
    kept.set(engine, statement);
    return statement;
  };
  return {
    async run(queries, engine, ...given) {
      const { text, parameters } = prepare(engine);
      const values = parameters.map((parameter) =>
        parameter instanceof Place ? valueOf(engine, parameter, given[parameter.position]) : parameter,
      );
      const { rows } = await queries.executeQuery<Row>(CompiledQuery.raw(text, values));
      return rows;
    },
  };
}

function placesOf(engine: Engine): Places {
  return {
    value: (position) => sql`${new Place(position, false)}`,
    isOneOf(column, position) {
      const list = sql`${new Place(position, true)}`;
      return engine === 'postgres'
        ? sql<boolean>`${column} = any(${list}::text[])`
        : sql<boolean>`${column} in (select value from json_each(${list}))`;
    },
  };
}

function valueOf(engine: Engine, { isList, position }: Place, given: Given | undefined): unknown {
  if (given === undefined || Array.isArray(given) !== isList)
    throw new Error(`A kept statement lacks its value ${position}, or has it in another form`);
  return isList && engine === 'sqlite' ? JSON.stringify(given) : given;
}
