import { sql } from 'kysely';
import type { Queries } from '../db/engine.ts';
import { isUniqueViolation } from '../db/errors.ts';
import type { Database } from '../db/open.ts';
import { fold } from '../db/fold.ts';
import { HttpError } from '../http/errors.ts';
import type { Identity } from '../http/tokens.ts';
import { tableOf, type Model } from '../odata/metadata.ts';
import type { Caller, Standing } from '../odata/session.ts';
import { isGuid, type Stored } from '../odata/values.ts';
import { newId } from '../odata/write/new-id.ts';
import { insertRow } from '../odata/write/write.ts';
import { systemSession, type Organisation } from './organisation.ts';
import { readFormats } from './read-formats.ts';
import { readBusinessUnits } from './security/business-units.ts';
import { ACT_FOR_OTHERS } from './security/ready-made-roles.ts';
import { readStanding } from './security/standing.ts';

export interface SignInOptions {
  /** Whether somebody with a valid token and no user of ours becomes one, as a Salesperson. */
  firstSignIn: 'refuse' | 'create';
  /** Mail addresses of people who become System Administrators when they first sign in, whatever `firstSignIn` says. */
  administrators: readonly string[];
  /** Object ids of this product's own workers: welcome whatever `firstSignIn` says, as Sync Service. */
  services?: readonly string[] | undefined;
}

export interface CallersOptions extends SignInOptions {
  database: Database;
  model: Model;
  organisation: Organisation;
  now: () => Date;
}

export interface Callers {
  /**
   * The user a request acts for. `onBehalfOf` is the directory id from the CallerObjectId header, `userId` the systemuserid
   * from its older sister MSCRMCallerID, which is only looked at without the first.
   * Who acts for somebody can do what both may do.
   * @throws {HttpError} 403 for somebody unknown or disabled, and for who may not act for others
   */
  callerOf(identity: Identity, onBehalfOf: string | undefined, userId?: string): Promise<Caller>;
  /** Users or their roles were changed: look again. */
  forget(): void;
}

interface User {
  systemuserid: string;
  businessunitid: string | null;
  isdisabled: number;
  applicationid: string | null;
}

/** Looked up anew after this long, because another process on the same PostgreSQL may have changed it. */
const KEPT_MS = 5_000;

export function createCallers(options: CallersOptions): Callers {
  const { database, organisation, now } = options;
  const kept = new Map<string, { caller: Caller; until: number }>();
  /** Counts what made us forget: who was looked up before is not kept after. */
  let forgotten = 0;

  const load = async (objectId: string, identity: Identity | undefined): Promise<Caller> => {
    const known = kept.get(objectId);
    if (known !== undefined && known.until > now().getTime()) return known.caller;
    const asOf = forgotten;
    const user =
      (await findUser(database.db, objectId)) ??
      (identity === undefined ? undefined : await welcome(options, identity));
    if (user === undefined) throw refused('The user is not a member of the organization.', '0x80072560');
    if (user.isdisabled === 1) throw refused('The specified user account is disabled.', '0x80040225');
    const units = await readBusinessUnits(database.db);
    const unit = user.businessunitid ?? organisation.businessUnitId;
    if (units.isDisabled(unit)) throw refused('The business unit of the user is disabled.', '0x80040216');
    const principal = { kind: 'systemuser', id: user.systemuserid, unit } as const;
    const caller: Caller = {
      userId: user.systemuserid,
      businessUnitId: unit,
      organizationId: organisation.organizationId,
      kind: user.applicationid === null ? 'user' : 'application',
      roles: await rolesOf(database.db, user.systemuserid),
      standing: await readStanding(database.db, database.engine, principal, units),
      formats: await readFormats(database.db, user.systemuserid),
    };
    if (forgotten !== asOf) return caller;
    if (kept.size > 1_000) kept.clear();
    kept.set(objectId, { caller, until: now().getTime() + KEPT_MS });
    return caller;
  };

  return {
    async callerOf(identity, callerObjectId, userId) {
      const own = await load(identity.objectId, identity);
      if (callerObjectId === undefined && userId !== undefined && userId.toLowerCase() === own.userId) return own;
      const onBehalfOf = callerObjectId ?? (userId === undefined ? undefined : await directoryId(database.db, userId));
      if (onBehalfOf === undefined || onBehalfOf.toLowerCase() === identity.objectId) return own;
      if (!own.standing.actsForOthers)
        throw refused(
          `Principal user (Id=${own.userId}, type=8) is missing ${ACT_FOR_OTHERS} privilege.`,
          '0x80040220',
        );
      if (!isGuid(onBehalfOf))
        throw new HttpError(400, 'CallerObjectId must be the GUID of a user in the directory.', '0x80060888');
      const other = await load(onBehalfOf.toLowerCase(), undefined);
      return actingFor(own.standing, other);
    },
    forget() {
      forgotten += 1;
      kept.clear();
    },
  };
}

const acting = new WeakMap<Standing, WeakMap<Caller, Caller>>();

/** The same object for as long as both are kept: what is worked out of a standing is kept with it. */
function actingFor(within: Standing, other: Caller): Caller {
  const known = acting.get(within) ?? new WeakMap<Caller, Caller>();
  acting.set(within, known);
  const caller = known.get(other) ?? { ...other, standing: { ...other.standing, within } };
  known.set(other, caller);
  return caller;
}

/** @throws {HttpError} 400 or 403 when no user of the directory has the id */
async function directoryId(queries: Queries, userId: string): Promise<string> {
  if (!isGuid(userId)) throw new HttpError(400, 'MSCRMCallerID must be the GUID of a user.', '0x80060888');
  const { rows } = await sql<{ id: string | null }>`select azureactivedirectoryobjectid as id from systemuser
    where systemuserid = ${userId.toLowerCase()}`.execute(queries);
  const id = rows[0]?.id;
  if (id == null) throw refused('The user is not a member of the organization.', '0x80072560');
  return id;
}

function refused(message: string, code: string): HttpError {
  return new HttpError(403, message, code);
}

async function findUser(queries: Queries, objectId: string): Promise<User | undefined> {
  const { rows } = await sql<User>`select systemuserid, businessunitid, isdisabled, applicationid from systemuser
    where azureactivedirectoryobjectid = ${objectId}`.execute(queries);
  return rows[0];
}

async function rolesOf(queries: Queries, userId: string): Promise<Set<string>> {
  const { rows } = await sql<{ name: string }>`select role.name from systemuserroles as held
    join role on role.roleid = held.roleid where held.systemuserid = ${userId}`.execute(queries);
  return new Set(rows.map(({ name }) => name));
}

/** First sign-in: a user that was entered by mail address is joined with the directory's, another is made if that is allowed. */
async function welcome(options: CallersOptions, identity: Identity): Promise<User | undefined> {
  const isAdministrator =
    identity.address !== undefined && options.administrators.some((address) => fold(address) === identity.address);
  const isService = options.services?.includes(identity.objectId) === true;
  try {
    await options.database.transaction(async (queries) => {
      const entered = identity.address === undefined ? undefined : await findEntered(queries, identity.address);
      if (entered !== undefined) {
        await sql`update systemuser set azureactivedirectoryobjectid = ${identity.objectId} where systemuserid = ${entered}`.execute(
          queries,
        );
      } else if (isAdministrator || isService || options.firstSignIn === 'create')
        await addUser(options, queries, identity);
      else return;
      if (isAdministrator) await giveRole(options, queries, identity, 'System Administrator');
      // Whoever was entered with roles has those, and no other.
      else if (entered === undefined || !(await hasRoles(queries, entered)))
        await giveRole(options, queries, identity, identity.kind === 'application' ? 'Sync Service' : 'Salesperson');
    });
  } catch (error) {
    // Two first requests at once: the other one made the user.
    if (!isUniqueViolation(error) && !(error instanceof HttpError && error.status === 412)) throw error;
  }
  return findUser(options.database.db, identity.objectId);
}

async function findEntered(queries: Queries, address: string): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`select systemuserid as id from systemuser
    where internalemailaddress_folded = ${fold(address)} and azureactivedirectoryobjectid is null order by createdon limit 1`.execute(
    queries,
  );
  return rows[0]?.id;
}

async function addUser(
  options: CallersOptions,
  queries: Parameters<typeof systemSession>[1],
  identity: Identity,
): Promise<void> {
  const { organizationId, businessUnitId } = options.organisation;
  const name = identity.name ?? identity.address ?? identity.objectId;
  const gap = name.lastIndexOf(' ');
  const values = new Map<string, Stored>([
    ['systemuserid', newId(options.now())],
    ['fullname', name],
    ['firstname', gap < 0 ? null : name.slice(0, gap)],
    ['lastname', gap < 0 ? name : name.slice(gap + 1)],
    ['internalemailaddress', identity.address ?? null],
    ['domainname', identity.address ?? null],
    ['azureactivedirectoryobjectid', identity.objectId],
    ['applicationid', identity.kind === 'application' ? identity.objectId : null],
    ['businessunitid', businessUnitId],
  ]);
  await insertRow(
    systemSession(options, queries, organizationId, businessUnitId),
    tableOf(options.model, 'systemuser'),
    values,
  );
}

async function hasRoles(queries: Queries, userId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from systemuserroles where systemuserid = ${userId} limit 1`.execute(queries);
  return rows.length > 0;
}

async function giveRole(
  { organisation }: CallersOptions,
  queries: Queries,
  identity: Identity,
  role: string,
): Promise<void> {
  const roleId = organisation.roles.get(role);
  await sql`insert into systemuserroles (systemuserid, roleid)
    select systemuserid, ${roleId ?? ''} from systemuser where azureactivedirectoryobjectid = ${identity.objectId}
    on conflict do nothing`.execute(queries);
}
