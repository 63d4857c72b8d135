// Delta queries: what came into a folder, changed in it or left it since a token was given.
// https://learn.microsoft.com/graph/delta-query-messages
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ChangeRow } from '../mailbox/change-log.ts';
import type { Folder } from '../mailbox/folders.ts';
import type { Mail } from '../mailbox/mailboxes.ts';
import type { Person } from '../../mailbox/folder/summary.ts';
import { headLimit, headOf } from '../../mailbox/mime/head.ts';
import { readContent } from '../mailbox/message.ts';
import { idOf } from '../mailbox/names.ts';
import { readToken, writeToken } from './delta-token.ts';
import type { DeltaState } from './delta-token.ts';
import { badRequest } from './errors.ts';
import { expandOf, readQuery, selected, selectOf, timeOf } from './query.ts';
import { originOf, pageSizeOf, paramsOf } from './request.ts';
import type { GraphParts, Route } from './request.ts';
import { extendedProperties, messageResource } from './resources.ts';

type Item = Record<string, unknown>;

const known = new Set(['$select', '$expand', '$filter', '$top', '$deltatoken', '$skiptoken']);

const sinceOf = (filter: string | undefined): number | null => {
  if (filter === undefined) return null;
  const [, compare, time] = /^\s*receivedDateTime\s+(ge|gt)\s+(\S+)\s*$/.exec(filter) ?? [];
  if (time === undefined) throw badRequest('A delta query filters by receivedDateTime ge or gt only.');
  return timeOf(time) + (compare === 'gt' ? 1000 : 0);
};

interface Place {
  owner: Person;
  folder: Folder;
  /** The request's address without its query. */
  address: string;
}

/** A page of a round, and the state after it. */
interface Page {
  items: Item[];
  next: DeltaState;
  isLast: boolean;
}

const createDelta = ({ mailboxes, changeLog, misbehaves }: GraphParts) => {
  const begin = ({ owner, folder }: Place, query: ReadonlyMap<string, string>): DeltaState => ({
    owner: owner.address,
    folder: folder.key,
    from: 0,
    until: null,
    first: true,
    said: 0,
    empty: misbehaves.current.emptyPages,
    select: query.get('$select') ?? null,
    expand: expandOf(query.get('$expand')),
    since: sinceOf(query.get('$filter')),
    epoch: misbehaves.expiry.epoch,
  });

  const headersOf = async (mail: Mail) => {
    const head = mail.isDraft ? null : await mailboxes.raw(mail.key, headLimit);
    return { internetMessageHeaders: head === null ? null : (await readContent(headOf(head))).headers };
  };

  const full = async (owner: Person, mail: Mail, state: DeltaState): Promise<Item> => {
    const select = selectOf(state.select ?? undefined);
    const headers = select?.has('internetMessageHeaders') ? await headersOf(mail) : {};
    const properties = state.expand.length ? extendedProperties(mail, mailboxes.sizeOf(mail.key), state.expand) : {};
    const resource = { '@odata.type': '#microsoft.graph.message', ...messageResource(owner.address, mail) };
    return selected({ ...resource, ...headers, ...properties }, select);
  };

  const partial = (owner: Person, mail: Mail): Item =>
    selected(messageResource(owner.address, mail), new Set(['isRead', 'categories']));

  const itemsOf = async (owner: Person, row: ChangeRow, state: DeltaState): Promise<Item[]> => {
    const removed = { id: idOf(owner.address, row.key), '@removed': { reason: 'deleted' } };
    const mail = mailboxes.find(owner.address, row.key);
    if (mail?.folder !== state.folder) return state.first ? [] : [removed];
    if (state.since !== null && mail.received < state.since) return [];
    const isNew = row.born > state.from;
    const isPartial = misbehaves.current.partial && !isNew && !state.first;
    const item = isPartial ? partial(owner, mail) : await full(owner, mail, state);
    return misbehaves.current.removedFirst && isNew ? [removed, item] : [item];
  };

  /** Reads on until the page is full: what the filter leaves out is no page of its own. */
  const page = async (owner: Person, state: DeltaState, size: number): Promise<Page> => {
    const until = state.until ?? changeLog.clock();
    if (state.empty > 0) return { items: [], next: { ...state, until, empty: state.empty - 1 }, isLast: false };
    const most = state.since === null ? size : Math.min(size, misbehaves.current.filteredMost - state.said);
    const items: Item[] = [];
    let [from, isLast, said] = [state.from, false, 0];
    while (!isLast && said < most) {
      const rows = changeLog.inFolder(owner.address, state.folder, { from, until, most: most - said });
      isLast = rows.length < most - said;
      for (const row of rows) {
        const found = await itemsOf(owner, row, state);
        if (found.length) said += 1;
        items.push(...found.flatMap((item) => Array.from({ length: misbehaves.current.repeats + 1 }, () => item)));
        from = row.at;
      }
    }
    const total = state.said + said;
    const isCut = state.since !== null && total >= misbehaves.current.filteredMost;
    const empty = misbehaves.current.emptyPages;
    return {
      items: misbehaves.shuffle(items),
      next: { ...state, from, until, said: total, empty },
      isLast: isLast || isCut,
    };
  };

  const afterRound = (state: DeltaState): DeltaState => ({
    ...state,
    from: Math.max((state.until ?? 0) - misbehaves.current.replays, 0),
    until: null,
    first: false,
    said: 0,
  });

  return async (place: Place, query: ReadonlyMap<string, string>, size: number) => {
    const token = query.get('$skiptoken') ?? query.get('$deltatoken') ?? '';
    const there = { owner: place.owner.address, folder: place.folder.key };
    const state = token ? readToken(token, there, misbehaves, `${place.address}?$deltatoken=`) : begin(place, query);
    const { items, next, isLast } = await page(place.owner, state, size);
    const link = isLast
      ? { '@odata.deltaLink': `${place.address}?$deltatoken=${writeToken(afterRound(next))}` }
      : { '@odata.nextLink': `${place.address}?$skiptoken=${writeToken(next)}` };
    return { value: items, ...link };
  };
};

export const registerDeltaRoutes = (app: FastifyInstance, parts: GraphParts, open: Route) => {
  const delta = createDelta(parts);
  app.get('/mailFolders/:folder/messages/delta', async (request: FastifyRequest) => {
    const { owner, folderOf } = await open(request);
    const folder = folderOf(paramsOf(request).folder);
    const query = readQuery(request.query as Record<string, string>, known);
    parts.lookedAt();
    const address = `${originOf(request)}${request.url.split('?')[0] ?? ''}`;
    return {
      '@odata.context': `${originOf(request)}/graph/v1.0/$metadata#Collection(message)`,
      ...(await delta({ owner, folder, address }, query, pageSizeOf(request, query.get('$top')))),
    };
  });
};
