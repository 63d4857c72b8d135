import { sql } from 'kysely';
import { isOneOf } from '../../db/engine.ts';
import { fold } from '../../db/fold.ts';
import { resolveRecipient, resolveSender, type Candidate } from '../../../model/resolve.ts';
import { badRequest } from '../../odata/bad-request.ts';
import { at, identifier } from '../../odata/identifier.ts';
import { tableOf } from '../../odata/metadata.ts';
import type { Operation } from '../../odata/operations.ts';
import type { Session } from '../../odata/session.ts';
import { readParameters } from '../parameters.ts';
import { findCandidates } from './candidates.ts';
import { readMailSettings } from './settings.ts';

const ADDRESSES = 100;

/**
 * `GET alongside_ResolveAddresses(Addresses=@a)?@a=["ada@x","bo@y"]`, a function of our own: for each address all rows that have
 * it and that the caller may read, which of them it would be as the sender of a mail and which as a recipient, and by which
 * rule. So a person can choose where the rule has only guessed.
 */
export const resolveAddresses: Operation = {
  name: 'alongside_ResolveAddresses',
  kind: 'function',
  async run({ parameters, session }) {
    readParameters('alongside_ResolveAddresses', parameters, ['Addresses']);
    const addresses = readList(parameters.get('Addresses'));
    const settings = await readMailSettings(session);
    const found = await findCandidates(session, addresses);
    const names = await namesOf(session, [...found.values()].flat());
    const value = addresses.map((Address) => {
      const candidates = found.get(fold(Address)) ?? [];
      const sender = resolveSender(candidates, session.caller.userId, settings.sender);
      const recipient = resolveRecipient(candidates, settings.recipient);
      const ids = (chosen: readonly Candidate[]) => chosen.map(({ id }) => id);
      return {
        Address,
        Sender: { Rule: sender.rule, Ids: ids(sender.chosen) },
        Recipient: { Rule: recipient.rule, Ids: ids(recipient.chosen) },
        Candidates: candidates.map(({ table, id, columnNumber, active }) => ({
          LogicalName: table,
          Id: id,
          Name: names.get(id) ?? null,
          EmailColumnNumber: columnNumber,
          IsActive: active,
        })),
      };
    });
    const context = `${session.root}$metadata#Microsoft.Dynamics.CRM.alongside_ResolveAddressesResponse`;
    return { status: 200, headers: {}, body: { '@odata.context': context, value } };
  },
};

function readList(given: unknown): string[] {
  const fits = Array.isArray(given) && given.length <= ADDRESSES && given.every((each) => typeof each === 'string');
  if (!fits) throw badRequest(`The parameter Addresses must be a list of at most ${ADDRESSES} texts.`, '0x80048d19');
  return [...new Set(given)];
}

/** Candidates are rows that the caller may read, so their names need no further question. */
async function namesOf(session: Session, candidates: readonly Candidate[]): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const name of new Set(candidates.map(({ table }) => table))) {
    const table = tableOf(session.model, name);
    const column = table.columns.get(table.primary ?? '');
    if (column === undefined || !session.access.mayUse(session.caller, 'read', table, column)) continue;
    const ids = candidates.filter((each) => each.table === name).map(({ id }) => id);
    const { rows } = await sql<{ id: string; name: string | null }>`
      select ${at('n', table.key)} as id, ${at('n', column.name)} as name from ${identifier(name)} as n
      where ${isOneOf(session.engine, at('n', table.key), ids)}`.execute(session.queries);
    for (const row of rows) if (row.name !== null) names.set(row.id, row.name);
  }
  return names;
}
