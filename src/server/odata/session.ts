import type { RawBuilder, Transaction } from 'kysely';
import type { Engine, Queries } from '../db/engine.ts';
import type { Formats } from './formats.ts';
import type { Column, ManyNavigation, Model, Table } from './metadata.ts';
import type { Stored } from './values.ts';

/** Who acts, as a row of this organisation. */
export interface Caller {
  /** systemuserid */
  userId: string;
  businessUnitId: string;
  organizationId: string;
  kind: 'user' | 'application';
  /** Names of the security roles that the caller has as a person, without those of teams. */
  roles: ReadonlySet<string>;
  standing: Standing;
  /** Also the time zone whose days `Today` and the like mean. */
  formats: Formats;
}

/** What a caller's roles, teams, reports and column profiles come to. */
export interface Standing {
  /** Reaches every row and every column. */
  administrator: boolean;
  /** Has the privilege prvActOnBehalfOfAnotherUser. */
  actsForOthers: boolean;
  /** Owner teams and access teams. */
  teams: readonly string[];
  /** Table whose privileges count -> right -> rows. Without an entry the privilege is missing. */
  reaches: ReadonlyMap<string, ReadonlyMap<Right, Reach>>;
  /** `table.column` of every secured column that the metadata map does not name itself. */
  secured: ReadonlySet<string>;
  /** `table.column` -> what a column security profile allows. */
  columns: ReadonlyMap<string, ReadonlySet<ColumnUse>>;
  /** Of who acts for this caller: only what both may do is possible. */
  within: Standing | undefined;
}

/** The rows that a right reaches: all, or those with such an owner, in such a business unit, or shared so. */
export interface Reach {
  everywhere: boolean;
  /** Users and teams. */
  owners: readonly string[];
  /** Business units. */
  units: readonly string[];
  /** Users and teams whose shares count. */
  sharedWith: readonly string[];
}

export type Right = 'create' | 'read' | 'write' | 'delete' | 'append' | 'appendTo' | 'assign' | 'share';

/** What column security tells apart. */
export type ColumnUse = 'read' | 'create' | 'update';

/**
 * What a condition on whose a row is serves for: to check rows that something else has found, or to find rows by it. It
 * matters to SQLite alone, which has no statistics and takes every index for a good one; PostgreSQL chooses by its own.
 */
export type ConditionUse = 'check' | 'find';

/** What a caller may do. Every way to a row asks here. */
export interface Access {
  /** @throws {HttpError} 403 0x80040220 when no role of the caller has the privilege in the table, at any depth */
  demand(caller: Caller, right: Right, table: Table): void;
  /** Which rows of `table`, known as `alias` in the statement, the caller may see; `undefined`: all. */
  readable(caller: Caller, table: Table, alias: string, use?: ConditionUse): RawBuilder<boolean> | undefined;
  /** Whether the rows that the caller may see are so few that a list should begin with them. */
  isFew(session: Session, table: Table): Promise<boolean>;
  /** @throws {HttpError} 403 0x80048306 when the caller has the privilege, but not for this stored row */
  demandRow(session: Session, right: Right, table: Table, id: string): Promise<void>;
  /** Whether column security lets the caller read or set the column. */
  mayUse(caller: Caller, use: ColumnUse, table: Table, column: Column): boolean;
  /** @throws {HttpError} 403 0x8004f504, 0x8004f502 or 0x8004f507 when it does not */
  demandColumn(caller: Caller, use: ColumnUse, table: Table, column: Column): void;
  /** Makes a column one that only column profiles show, or any other again. @throws {HttpError} 403 for who may not customise */
  secureColumn(session: WriteSession, table: Table, column: Column, isSecured: boolean): Promise<void>;
  writes: WriteAccess;
}

/**
 * The two ends of every write, inside its transaction. The ends before check all rights (row, owner, lookups, columns) and
 * fill in what follows from the owner; the ends after carry on what follows from the change: cascades and shares.
 */
export interface WriteAccess {
  beforeInsert(session: WriteSession, table: Table, values: Map<string, Stored>): Promise<void>;
  afterInsert(session: WriteSession, table: Table, values: ReadonlyMap<string, Stored>): Promise<void>;
  beforeUpdate(session: WriteSession, table: Table, before: Row, values: Map<string, Stored>): Promise<void>;
  afterUpdate(session: WriteSession, table: Table, before: Row, values: ReadonlyMap<string, Stored>): Promise<void>;
  beforeDelete(session: WriteSession, table: Table, id: string): Promise<void>;
  /** Also for each row that went by a cascade. */
  afterDelete(session: WriteSession, table: Table, id: string): Promise<void>;
  /** Before a pair is added to, or taken from, a many-to-many relationship of the row `id`. */
  beforeLink(session: WriteSession, table: Table, id: string, navigation: ManyNavigation, other: string): Promise<void>;
}

/** What a table does beyond storing: all in the transaction of the write. */
export interface TableRule {
  /** May change `values` (column -> stored) or refuse. `before` is the stored row of an update. */
  beforeWrite?(write: { values: Map<string, Stored>; before: Row | undefined; session: WriteSession }): Promise<void>;
  /** What a client wants to change in a stored row, before all else: what only messages may do is refused here by throwing. */
  beforeChange?(write: { values: ReadonlyMap<string, Stored>; before: Row }): void;
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
  /** Runs `work` once what was written is there for everybody; never, if the transaction is undone. */
  onCommit(work: () => void): void;
}
