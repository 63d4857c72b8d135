import type { FastifyInstance } from 'fastify';
import { isGuid } from '../../model/uuid.ts';
import { CrmError } from '../../model/errors.ts';
import { HttpError } from '../http/errors.ts';
import { personOf } from '../queue/person.ts';
import {
  changeMailbox,
  createMailbox,
  parseMailboxChange,
  parseNewMailbox,
  type MailboxChange,
  type NewMailbox,
} from './accounts.ts';
import { makeDue } from './claim.ts';
import { registerItemRoutes } from './item-routes.ts';
import { describeMailboxes, listAlerts, type AccountRow } from './report.ts';
import type { Asked, FindMailbox, MailboxRouteServices } from './route-services.ts';
import { registerRuleRoutes } from './rule-routes.ts';
import { SettingsError } from './settings.ts';
import { MalformedSource } from './source-config.ts';
import type { MailboxStore } from './store.ts';

const mailboxes = '/sync/v1/mailboxes';
/** Mailboxes of one answer. */
const most = 500;

/** `/sync/v1/mailboxes`: docs/sync-api.md says the same for people. */
export function registerMailboxRoutes(server: FastifyInstance, services: MailboxRouteServices): void {
  const { store } = services;
  const find = createFind(server, services);
  const report = async ({ row, asker }: Pick<Asked, 'row' | 'asker'>) => {
    const fresh = await readAccount(store, row.id);
    return (await describeMailboxes(store, fresh === undefined ? [] : [fresh], asker))[0];
  };

  server.get<{ Querystring: { all?: string } }>(mailboxes, async (request) => {
    const { objectId } = await personOf(server, request);
    const administrator = await mayAdminister(services, objectId);
    const all = request.query.all === 'true';
    if (all && !administrator) throw new HttpError(403, 'Only administrators see the mailboxes of others.');
    const rows = await listAccounts(store, all ? null : objectId);
    const alerts = administrator ? await listAlerts(store, null) : [];
    return { mailboxes: await describeMailboxes(store, rows, objectId), administrator, alerts };
  });

  server.post(mailboxes, async (request, reply) => {
    const { objectId, address } = await personOf(server, request);
    const wanted = read(() => parseNewMailbox(request.body, services));
    const administrator = await mayAdminister(services, objectId);
    const isOwn = wanted.owner === objectId && wanted.kind === 'user' && wanted.address === address;
    if (!administrator && !isOwn) throw new HttpError(403, 'Only administrators enter a mailbox of somebody else.');
    if (!administrator && usesOAuth(wanted)) throw onlyAdministrators();
    const row = await createMailbox(services, wanted, administrator);
    return reply.code(201).send(await report({ row, asker: objectId }));
  });

  server.patch(`${mailboxes}/:id`, async (request) => {
    const asked = await find(request);
    const change = read(() => parseMailboxChange(request.body, asked.row, services));
    if (change.approved !== undefined && !(await mayAdminister(services, asked.asker)))
      throw new HttpError(403, 'Only administrators approve mailboxes.');
    if (usesOAuth(change) && !(await mayAdminister(services, asked.asker))) throw onlyAdministrators();
    if (!asked.own && (change.settings !== undefined || change.credentials?.kind === 'password'))
      throw new HttpError(403, 'What is done with its mail is for the owner of a mailbox to say.');
    await changeMailbox(services, asked.row, change);
    return report(asked);
  });

  server.post(`${mailboxes}/:id/test`, async (request) => {
    const asked = await find(request);
    await changeMailbox(services, asked.row, { enabled: true, tested: true });
    await awaitRun(store, asked.row);
    return report(asked);
  });

  server.post(`${mailboxes}/:id/sync`, async (request, reply) => {
    const asked = await find(request);
    await makeDue(store, { id: asked.row.id }, 'person');
    return reply.code(202).send(await report(asked));
  });

  server.get(`${mailboxes}/:id/alerts`, async (request) => {
    const { row } = await find(request);
    return { alerts: await listAlerts(store, row.id) };
  });

  registerItemRoutes(server, services, find);
  registerRuleRoutes(server, services, find);
}

/** An application's access is an administrator's affair, and so is where its secret is sent. */
function usesOAuth({ source, credentials }: MailboxChange | NewMailbox): boolean {
  return credentials?.kind === 'oauth' || (source?.kind === 'imap' && source.oauth !== undefined);
}

const onlyAdministrators = () =>
  new HttpError(403, 'Only administrators enter how a mailbox is signed in to with OAuth.');

/** One's own mailboxes; those of others for administrators. What is not for the asker is not there. */
function createFind(server: FastifyInstance, services: MailboxRouteServices): FindMailbox {
  return async (request) => {
    const { objectId } = await personOf(server, request);
    const { id } = request.params as { id: string };
    if (!isGuid(id)) throw new HttpError(400, 'The address names no mailbox.');
    const row = await readAccount(services.store, id);
    const own = row?.owner === objectId;
    if (row === undefined || (!own && !(await mayAdminister(services, objectId))))
      throw new HttpError(404, 'There is no such mailbox.');
    return { row, asker: objectId, own };
  };
}

/** Where the CRM does not answer, nobody is taken for an administrator. */
async function mayAdminister({ isAdministrator }: MailboxRouteServices, objectId: string): Promise<boolean> {
  try {
    return await isAdministrator(objectId);
  } catch (error) {
    if (error instanceof CrmError) return false;
    throw error;
  }
}

async function readAccount({ tables }: MailboxStore, id: string): Promise<AccountRow | undefined> {
  return tables.selectFrom('mailbox_account').selectAll().where('id', '=', id).executeTakeFirst();
}

async function listAccounts({ tables }: MailboxStore, owner: string | null): Promise<AccountRow[]> {
  const all = tables.selectFrom('mailbox_account').selectAll().orderBy('address_folded').limit(most);
  return owner === null ? all.execute() : all.where('owner', '=', owner).execute();
}

/** How long a person waits for the test of a mailbox; it goes on without them. */
const longestTest = 50_000;
const lookEvery = 250;

/** A daemon, perhaps in another process, does the run. */
async function awaitRun(store: MailboxStore, { id, started_at: before }: AccountRow): Promise<void> {
  for (let waited = 0; waited < longestTest; waited += lookEvery) {
    const row = await readAccount(store, id);
    if (row === undefined || row.next_at === null) return;
    if (row.started_at !== before && row.lease_until === null) return;
    await new Promise((resolve) => setTimeout(resolve, lookEvery));
  }
}

function read<Answer>(parse: () => Answer): Answer {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SettingsError || error instanceof MalformedSource) throw new HttpError(400, error.message);
    throw error;
  }
}
