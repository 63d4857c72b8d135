import type { MailAddress } from '../model/message.ts';
import { ask, has } from './office.ts';
import { addresses } from './snapshot.ts';

export interface DraftPeople {
  readonly from: MailAddress | null;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly bcc: readonly MailAddress[];
}

type Draft = Office.MessageCompose | Office.AppointmentCompose;

function isAppointment(item: Draft): item is Office.AppointmentCompose {
  return String(item.itemType) === 'appointment';
}

async function people(list: Office.Recipients | undefined): Promise<readonly MailAddress[]> {
  if (list === undefined || !has(list, 'getAsync')) return [];
  return addresses(await ask<Office.EmailAddressDetails[]>((answer) => list.getAsync(answer)).catch(() => []));
}

/** Whom a draft is addressed to now. What the host does not tell is left empty. */
export async function draftPeople(item: Draft): Promise<DraftPeople> {
  if (isAppointment(item)) {
    const [to, cc] = await Promise.all([people(item.requiredAttendees), people(item.optionalAttendees)]);
    return { from: null, to, cc, bcc: [] };
  }
  const [to, cc, bcc] = await Promise.all([people(item.to), people(item.cc), people(item.bcc)]);
  return { from: null, to, cc, bcc };
}

/** Calls back whenever somebody is added or removed. Silent where the event is missing (Mailbox before 1.7, phones). */
export function onRecipientsChanged(item: Draft, listener: () => void): () => void {
  if (!has(item, 'addHandlerAsync')) return () => undefined;
  const event = Office.EventType.RecipientsChanged;
  void ask<void>((answer) => item.addHandlerAsync(event, listener, answer)).catch(() => undefined);
  return () => {
    // The item may be gone, and its handlers with it.
    void ask<void>((answer) => item.removeHandlerAsync(event, answer)).catch(() => undefined);
  };
}
