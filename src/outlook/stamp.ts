import { stampHeader } from '../model/item-key.ts';
import { isGuid, uuidV7 } from '../model/uuid.ts';
import type { DraftWish, Wish } from './mailbox.ts';
import { ask, has } from './office.ts';

/**
 * The stamp stands in a header, which everybody gets who gets the mail, and in a custom property, which only this mailbox has: a
 * mail from elsewhere can bring the one and not the other, and classic Outlook copies the other into forwards and not the one.
 */
const property = 'alongside.stamp';

type Propertied = Pick<Office.MessageCompose, 'loadCustomPropertiesAsync'>;

function loadProperties(item: Propertied): Promise<Office.CustomProperties> {
  return ask((answer) => item.loadCustomPropertiesAsync(answer));
}

async function setProperty(item: Propertied, stamp: string | null): Promise<void> {
  const properties = await loadProperties(item);
  if (stamp === null) properties.remove(property);
  else properties.set(property, stamp);
  await ask<void>((answer) => properties.saveAsync(answer));
}

export function draftWish(item: Office.MessageCompose): DraftWish | null {
  if (!has(item, 'internetHeaders')) return null;
  const { internetHeaders } = item;
  return {
    async isMade() {
      const headers = await ask<Record<string, string>>((answer) => internetHeaders.getAsync([stampHeader], answer));
      return isGuid(headers[stampHeader] ?? '');
    },
    async make() {
      const stamp = uuidV7(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
      await setProperty(item, stamp);
      await ask<void>((answer) => internetHeaders.setAsync({ [stampHeader]: stamp }, answer));
    },
    async takeBack() {
      await ask<void>((answer) => internetHeaders.removeAsync([stampHeader], answer));
      await setProperty(item, null);
    },
  };
}

/** Whether a mail in read mode carries a wish of this mailbox's own person. */
export async function wishOf(item: Office.MessageRead, stamp: string): Promise<Wish | undefined> {
  const from = item.from?.emailAddress.toLowerCase();
  if (from !== Office.context.mailbox.userProfile.emailAddress.toLowerCase()) return undefined;
  const properties = await loadProperties(item).catch(() => null);
  if (properties?.get(property) !== stamp) return undefined;
  return { stamp, settle: () => setProperty(item, null).catch(() => undefined) };
}
