import type { RawBuilder, Transaction } from 'kysely';
import type { Engine, Queries } from '../db/engine.ts';
import type { Model, Table } from './metadata.ts';
import type { Stored } from './values.ts';

/** Who acts, as a row of this organisation. */
export interface Caller {
  /** systemuserid */
  userId: string;
  businessUnitId: string;
  organizationId: string;
  kind: 'user' | 'application';
  /** Names of security roles. */
  roles: ReadonlySet<string>;
}

export type Right = 'create' | 'read' | 'write' | 'delete' | 'append' | 'assign';

/** What a caller may do. Every way to a row asks here. */
export interface Access {
  /** @throws {HttpError} 403 when the caller may never do this in the table */
  demand(caller: Caller, right: Right, table: Table): void;
  /** Which rows of `table`, known as `alias` in the statement, the caller may see; `undefined`: all. */
  readable(caller: Caller, table: Table, alias: string): RawBuilder<boolean> | undefined;
}

/** What a table does beyond storing: all in the transaction of the write. */
export interface TableRule {
  /** May change `values` (column -> stored) or refuse. `before` is the stored row of an update. */
  beforeWrite?(write: { values: Map<string, Stored>; before: Row | undefined; session: WriteSession }): Promise<void>;
  /** The collections that a client may replace on an existing row; refuses by throwing. */
  beforeReplace?(write: { before: Row; navigation: string }): void;
  /** After the row and what belongs to it is gone. */
  afterDelete?(id: string, session: WriteSession): Promise<void>;
  /** Columns that are worked out when they are read: name -> from what is stored. */
  computed?: ReadonlyMap<string, (stored: unknown) => unknown>;
}

export type Row = Record<string, unknown>;

/** Everything a request needs to know, and nothing of HTTP. */
export interface Session {
  queries: Queries;
  engine: Engine;
  model: Model;
  rules: ReadonlyMap<string, TableRule>;
  caller: Caller;
  access: Access;
  now: () => Date;
  /** Absolute address of the service: `http://localhost:3000/api/data/v9.2/`. */
  root: string;
}

export interface WriteSession extends Session {
  queries: Transaction<object>;
}
