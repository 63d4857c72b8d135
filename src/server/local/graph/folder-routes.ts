// Mail folders: https://learn.microsoft.com/graph/api/resources/mailfolder. What deletes a folder does not exist here.
import { createHash, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Folder } from '../mailbox/folders.ts';
import { badRequest, GraphError } from './errors.ts';
import { readOptions, readQuery, selected, selectOf } from './query.ts';
import { bodyOf, originOf, pageSizeOf, paramsOf, textOf } from './request.ts';
import type { GraphParts, Route } from './request.ts';
import { folderResource } from './resources.ts';

const deltaOptions = new Set(['$select', '$deltatoken', '$skiptoken']);
/** As with Outlook's own cache: once it is full, the oldest tokens are not known any more. */
const rememberedTokens = 1000;

interface Remembered {
  owner: string;
  /** What each folder looked like when the round ended. */
  seen: ReadonlyMap<string, string>;
  /** What is still to be said in this round; null between rounds. */
  rest: readonly Record<string, unknown>[] | null;
  select: string | null;
}

const createFolderDelta = ({ mailboxes }: GraphParts) => {
  const tokens = new Map<string, Remembered>();
  const remember = (state: Remembered) => {
    const token = randomUUID();
    tokens.set(token, state);
    const [oldest] = tokens.keys();
    if (tokens.size > rememberedTokens && oldest !== undefined) tokens.delete(oldest);
    return token;
  };
  const lookOf = (resource: object) => createHash('sha256').update(JSON.stringify(resource)).digest('base64');

  const begin = (owner: string, before: ReadonlyMap<string, string>, select: string | null): Remembered => {
    const now = mailboxes.folders.list(owner).map((folder) => folderResource(owner, folder));
    const seen = new Map(now.map((resource) => [resource.id, lookOf(resource)]));
    const changed = now.filter((resource) => before.get(resource.id) !== seen.get(resource.id));
    const gone = [...before.keys()].filter((id) => !seen.has(id));
    const removed = gone.map((id) => ({ id, '@removed': { reason: 'deleted' } }));
    const chosen = changed.map((resource) => selected(resource, selectOf(select ?? undefined)));
    return { owner, seen, rest: [...chosen, ...removed], select };
  };

  return (owner: string, query: ReadonlyMap<string, string>, size: number) => {
    const token = query.get('$skiptoken') ?? query.get('$deltatoken') ?? '';
    const known = tokens.get(token);
    if (token && known?.owner !== owner)
      throw new GraphError(410, 'SyncStateNotFound', 'The delta token is expired and data must be synchronized again.');
    const select = known?.select ?? query.get('$select') ?? null;
    const round = known?.rest ? known : begin(owner, known?.seen ?? new Map(), select);
    const rest = round.rest ?? [];
    const value = rest.slice(0, size);
    return rest.length > size
      ? { value, skip: remember({ ...round, rest: rest.slice(size) }) }
      : { value, delta: remember({ ...round, rest: null }) };
  };
};

const nameOf = (request: FastifyRequest) => {
  const name = textOf('displayName', bodyOf(request)['displayName']).trim();
  if (!name) throw badRequest("The property 'displayName' is required.");
  return name;
};

const registerReading = (app: FastifyInstance, parts: GraphParts, open: Route) => {
  const { mailboxes } = parts;
  const page = (request: FastifyRequest, owner: string, all: Folder[]) => {
    const { top, skip, select, count } = readOptions(request.query as Record<string, string>);
    const value = all.slice(skip, skip + top).map((folder) => selected(folderResource(owner, folder), select));
    const next = new URL(request.url, originOf(request));
    next.searchParams.set('$skip', String(skip + top));
    return {
      ...(count ? { '@odata.count': all.length } : {}),
      value,
      ...(all.length > skip + top ? { '@odata.nextLink': next.href } : {}),
    };
  };
  const below = (owner: string, parent: string | null) =>
    mailboxes.folders.list(owner).filter((each) => each.parent === parent);

  app.get('/mailFolders', async (request) => {
    const { owner } = await open(request);
    parts.lookedAt();
    return page(request, owner.address, below(owner.address, null));
  });

  app.get('/mailFolders/:folder', async (request) => {
    const { owner, folderOf } = await open(request);
    const { select } = readOptions(request.query as Record<string, string>);
    return selected(folderResource(owner.address, folderOf(paramsOf(request).folder)), select);
  });

  app.get('/mailFolders/:folder/childFolders', async (request) => {
    const { owner, folderOf } = await open(request);
    return page(request, owner.address, below(owner.address, folderOf(paramsOf(request).folder).key));
  });

  const delta = createFolderDelta(parts);
  app.get('/mailFolders/delta', async (request) => {
    const { owner } = await open(request);
    const query = readQuery(request.query as Record<string, string>, deltaOptions);
    const { value, ...link } = delta(owner.address, query, pageSizeOf(request, undefined));
    const address = `${originOf(request)}${request.url.split('?')[0] ?? ''}`;
    return link.skip === undefined
      ? { value, '@odata.deltaLink': `${address}?$deltatoken=${link.delta}` }
      : { value, '@odata.nextLink': `${address}?$skiptoken=${link.skip}` };
  });
};

export const registerFolderRoutes = (app: FastifyInstance, parts: GraphParts, open: Route) => {
  const { folders } = parts.mailboxes;
  registerReading(app, parts, open);

  const answer = (owner: string, key: string) => {
    parts.changed(owner);
    const folder = folders.find(owner, key);
    return folder && folderResource(owner, folder);
  };
  const refuseWellKnown = (folder: Folder) => {
    if (folder.wellKnownName !== null)
      throw new GraphError(403, 'ErrorAccessDenied', 'A distinguished folder cannot be renamed or moved.');
    return folder;
  };

  for (const path of ['/mailFolders', '/mailFolders/:folder/childFolders']) {
    app.post(path, async (request, reply) => {
      const { owner, folderOf } = await open(request);
      const { folder } = paramsOf(request);
      const parent = path === '/mailFolders' ? null : folderOf(folder).key;
      const name = nameOf(request);
      if (folders.list(owner.address).some((each) => each.parent === parent && each.name === name))
        throw new GraphError(409, 'ErrorFolderExists', 'A folder with the specified name already exists.');
      return reply.code(201).send(answer(owner.address, folders.create(owner.address, name, parent)));
    });
  }

  app.patch('/mailFolders/:folder', async (request) => {
    const { owner, folderOf } = await open(request);
    const folder = refuseWellKnown(folderOf(paramsOf(request).folder));
    folders.rename(owner.address, folder, nameOf(request));
    return answer(owner.address, folder.key);
  });

  app.post('/mailFolders/:folder/move', async (request, reply) => {
    const { owner, folderOf } = await open(request);
    const folder = refuseWellKnown(folderOf(paramsOf(request).folder));
    const target = folderOf(textOf('destinationId', bodyOf(request)['destinationId']));
    const isInside = (key: string | null): boolean =>
      key !== null && (key === folder.key || isInside(folders.find(owner.address, key)?.parent ?? null));
    if (isInside(target.key)) throw badRequest('A folder cannot be moved into itself.');
    folders.move(owner.address, folder, target.key);
    return reply.code(201).send(answer(owner.address, folder.key));
  });
};
