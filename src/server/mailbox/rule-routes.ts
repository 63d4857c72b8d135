import { sql } from 'kysely';
import type { FastifyInstance } from 'fastify';
import { isObject } from '../../model/is-object.ts';
import type { MailboxFolder, MailboxFolderRule } from '../../model/mailbox-report.ts';
import { CrmError } from '../../model/errors.ts';
import { MalformedChange, parseRegarding } from '../../model/parse-change.ts';
import { HttpError } from '../http/errors.ts';
import { interruptRun } from './claim.ts';
import { folderOf, listFolders, readFolderNames, treeOf } from './folders.ts';
import type { FindMailbox, MailboxRouteServices } from './route-services.ts';
import { previewRule } from './preview.ts';
import { readOwnRules } from './rule-rows.ts';
import { forgetTroubles } from './rule-troubles.ts';
import { troubleOf, type FolderRule } from './rules.ts';
import type { SourceFolder } from './source.ts';
import type { MailboxStore } from './store.ts';

interface FolderParams {
  readonly id: string;
  readonly folder: string;
}

/** Folders whose mail is tracked: their owner's rules. */
export function registerRuleRoutes(
  server: FastifyInstance,
  { store, newId, crmFor }: Pick<MailboxRouteServices, 'store' | 'newId' | 'crmFor'>,
  find: FindMailbox,
): void {
  server.get('/sync/v1/mailboxes/:id/folders', async (request) => {
    const { row } = await find(request);
    return { folders: await describeFolders(store, row.id) };
  });

  server.put<{ Params: FolderParams }>('/sync/v1/mailboxes/:id/folders/:folder/rule', async (request) => {
    const { row, own } = await find(request);
    if (!own) throw new HttpError(403, 'The folders of a mailbox are for its owner to track.');
    const rule = parseRule(request.body);
    await putRule(store, row.id, request.params.folder, newId(), rule);
    return (await describeFolders(store, row.id)).find(({ id }) => id === request.params.folder);
  });

  server.post<{ Params: FolderParams }>('/sync/v1/mailboxes/:id/folders/:folder/preview', async (request) => {
    const { row, own, asker } = await find(request);
    if (!own) throw new HttpError(403, 'The folders of a mailbox are for its owner to track.');
    try {
      return await previewRule(store, crmFor(asker), row.id, request.params.folder);
    } catch (error) {
      if (error instanceof CrmError) throw new HttpError(503, 'The CRM does not answer now.');
      throw error;
    }
  });

  server.delete<{ Params: FolderParams }>('/sync/v1/mailboxes/:id/folders/:folder/rule', async (request, reply) => {
    const { row, own } = await find(request);
    if (!own) throw new HttpError(403, 'The folders of a mailbox are for its owner to track.');
    await store.transaction(async (scope) => {
      await scope.tables
        .deleteFrom('mailbox_rule')
        .where('mailbox_id', '=', row.id)
        .where('folder_id', '=', request.params.folder)
        .execute();
      await forgetTroubles(scope, row.id);
      await interruptRun(scope, row.id);
    });
    return reply.code(204).send();
  });
}

async function describeFolders(store: MailboxStore, mailboxId: string): Promise<MailboxFolder[]> {
  const rules = await readOwnRules(store, mailboxId);
  const rows = await listFolders(store, mailboxId);
  const tree = treeOf(rows);
  const gone = rules.filter(({ folderId }) => tree.folder(folderId) === undefined);
  return [...rows.map(folderOf), ...(await readGone(store, mailboxId, gone))].map((folder) => {
    const rule = rules.find(({ folderId }) => folderId === folder.id);
    if (rule === undefined) return { ...folder, rule: null, trouble: null };
    const { includeSubfolders, regarding, appliesTo } = rule;
    return { ...folder, rule: { includeSubfolders, regarding, appliesTo }, trouble: troubleOf(rule, tree) };
  });
}

/** Folders that are not there any more are told as long as a rule names them: else nobody could take it away. */
async function readGone(store: MailboxStore, mailboxId: string, rules: readonly FolderRule[]): Promise<SourceFolder[]> {
  const ids = rules.map(({ folderId }) => folderId);
  const names = await readFolderNames(store, mailboxId, ids);
  return [...names].map(([id, name]) => ({ id, name, parentId: null, role: null }));
}

/** @throws {HttpError} 400 naming the field */
function parseRule(body: unknown): MailboxFolderRule {
  if (!isObject(body)) throw new HttpError(400, 'The body is a rule.');
  const { includeSubfolders = false, appliesTo = 'new', regarding = null } = body;
  if (typeof includeSubfolders !== 'boolean') throw new HttpError(400, 'includeSubfolders is true or false.');
  if (appliesTo !== 'new' && appliesTo !== 'all') throw new HttpError(400, 'appliesTo is new or all.');
  try {
    return { includeSubfolders, appliesTo, regarding: parseRegarding(regarding) };
  } catch (error) {
    if (error instanceof MalformedChange) throw new HttpError(400, error.message);
    throw error;
  }
}

/** Mail that lies in the folder is looked at again where the rule is for all of it. @throws {HttpError} 404 */
async function putRule(
  store: MailboxStore,
  mailboxId: string,
  folderId: string,
  id: string,
  { includeSubfolders, regarding, appliesTo }: MailboxFolderRule,
): Promise<void> {
  const known = (await listFolders(store, mailboxId)).some((folder) => folder.folder_id === folderId);
  if (!known) throw new HttpError(404, 'There is no such folder.');
  const values = {
    ...{ subfolders: includeSubfolders ? 1 : 0, apply_to: appliesTo, enabled: 1 },
    regarding_table: regarding?.table ?? null,
    regarding_id: regarding?.id ?? null,
    regarding_name: regarding?.name ?? null,
  };
  await store.transaction(async (scope) => {
    const { tables, now } = scope;
    await forgetTroubles(scope, mailboxId);
    await interruptRun(scope, mailboxId);
    await tables
      .insertInto('mailbox_rule')
      .values({ id, mailbox_id: mailboxId, folder_id: folderId, ...values, created_at: now(), changed_at: now() })
      .onConflict((clash) => clash.columns(['mailbox_id', 'folder_id']).doUpdateSet({ ...values, changed_at: now() }))
      .execute();
    if (appliesTo !== 'all') return;
    await sql`update mailbox_folder set cursor = null, since = 0, base = null, missing = 0
      where mailbox_id = ${mailboxId} and folder_id = ${folderId}`.execute(tables);
    await tables
      .deleteFrom('mailbox_copy')
      .where('mailbox_id', '=', mailboxId)
      .where('folder_id', '=', folderId)
      .execute();
  });
}
