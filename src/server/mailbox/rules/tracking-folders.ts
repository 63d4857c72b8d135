import type { Dataverse, Row } from '../../../api/dataverse.ts';
import { literal, query } from '../../../api/dialect.ts';
import { isObject } from '../../../model/is-object.ts';
import { lookup, text } from '../../../api/row.ts';
import { foldAddress } from '../../../model/message.ts';
import { isRegardingTable } from '../../../model/records.ts';
import type { FolderRule, RuleTrouble } from '../rules.ts';
import { keptFor } from './kept-for.ts';

/** A rule out of the CRM's own table; `trouble` when it cannot be followed whatever the folders are. */
export interface TrackingFolder {
  readonly rule: FolderRule;
  readonly trouble: RuleTrouble | null;
}

/** Rows of one question. Where there are more, each mailbox is asked about by itself. */
const mostRows = 5_000;

/**
 * The folders that clients written for the original have put into the CRM's table `mailboxtrackingfolders`: rules for new mail,
 * without sub-folders. One question a minute for all mailboxes.
 */
export function createTrackingFolders(crm: Dataverse, now: () => number) {
  const all = keptFor(now, async () => {
    const rows = await read(crm);
    return rows.length < mostRows ? groupByAddress(rows) : null;
  });
  const ofOne = keptFor(now, (address) => read(crm, address));
  return async (address: string): Promise<readonly TrackingFolder[]> => {
    const folded = foldAddress(address);
    const together = await all('');
    const rows = together === null ? await ofOne(folded) : (together.get(folded) ?? []);
    return rows.flatMap(readRule);
  };
}

async function read(crm: Dataverse, address?: string): Promise<readonly Row[]> {
  const columns = ['mailboxtrackingfolderid', 'exchangefolderid', 'createdon', '_regardingobjectid_value'];
  return crm.list(
    query('mailboxtrackingfolders', {
      select: columns,
      ...(address === undefined ? {} : { filter: `mailboxid/emailaddress eq ${literal(address)}` }),
      expand: 'mailboxid($select=emailaddress)',
      orderby: 'createdon asc',
      top: mostRows,
    }),
  );
}

function groupByAddress(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(addressOf(row), [...(groups.get(addressOf(row)) ?? []), row]);
  return groups;
}

function addressOf(row: Row): string {
  const mailbox = row['mailboxid'];
  return foldAddress((isObject(mailbox) ? text(mailbox, 'emailaddress') : null) ?? '');
}

function readRule(row: Row): TrackingFolder[] {
  const id = text(row, 'mailboxtrackingfolderid');
  const folder = text(row, 'exchangefolderid');
  const since = text(row, 'createdon');
  if (id === null || folder === null || since === null) return [];
  const named = lookup(row, 'regardingobjectid');
  const regarding =
    named?.table != null && isRegardingTable(named.table)
      ? { table: named.table, id: named.id, name: named.name ?? '' }
      : null;
  const rule = { id, folderId: graphId(folder), includeSubfolders: false, regarding, appliesTo: 'new', since } as const;
  return [
    { rule: { ...rule, origin: 'crm' }, trouble: named === null || regarding !== null ? null : 'unknown-regarding' },
  ];
}

/** Exchange's own ids are base64; Graph writes the same with the two signs that need no escape in an address. */
function graphId(exchangeId: string): string {
  return /^[A-Za-z0-9+/]{40,}={0,2}$/.test(exchangeId)
    ? exchangeId.replaceAll('/', '-').replaceAll('+', '_')
    : exchangeId;
}
