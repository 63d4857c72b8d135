import type { Kysely } from 'kysely';
import type { Engine } from '../engine.ts';

/** One numbered step of the schema. It is frozen once released: a later wish is a later number. */
export interface Step {
  up(db: Kysely<object>, engine: Engine): Promise<void>;
}
