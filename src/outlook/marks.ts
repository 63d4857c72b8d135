import type { Marks } from './mailbox.ts';
import { notify } from './notifications.ts';
import { ask, has, isOfficeError } from './office.ts';

/** Also the category that the daemon reads as "track this". */
export const trackedCategory = 'Tracked to CRM';
const property = 'alongside.tracked';
const unknownCategory = 9044;

/**
 * A category, visible in the message list, and a custom property, which works in every Outlook. A category must exist in the
 * mailbox's master list, which needs more permission to change than we ask for: where it is missing, a line above the mail
 * says the same.
 *
 * @param ownId names this mail inside the property: classic Outlook copies properties into forwards.
 */
export function marksOf(item: Office.MessageRead, ownId: string, texts: { tracked: string }): Marks {
  const load = (): Promise<Office.CustomProperties> => ask((answer) => item.loadCustomPropertiesAsync(answer));

  async function setProperty(tracked: boolean): Promise<void> {
    const properties = await load();
    const before: unknown = properties.get(property);
    if (tracked ? before === ownId : before === undefined) return;
    if (tracked) properties.set(property, ownId);
    else properties.remove(property);
    await ask<void>((answer) => properties.saveAsync(answer));
  }

  /** False when the mailbox does not know the category. */
  async function setCategory(tracked: boolean): Promise<boolean> {
    if (!has(item, 'categories')) return false;
    const present = await ask<Office.CategoryDetails[] | null>((answer) => item.categories.getAsync(answer));
    const marked = (present ?? []).some(({ displayName }) => displayName === trackedCategory);
    if (marked === tracked) return true;
    const names = [trackedCategory];
    try {
      if (tracked) await ask<void>((answer) => item.categories.addAsync(names, answer));
      else await ask<void>((answer) => item.categories.removeAsync(names, answer));
      return true;
    } catch (error) {
      if (isOfficeError(error, unknownCategory)) return false;
      throw error;
    }
  }

  return {
    async lastKnown() {
      const properties = await load().catch(() => null);
      return properties?.get(property) === ownId;
    },
    async show(tracked) {
      const [category] = await Promise.allSettled([setCategory(tracked), setProperty(tracked)]);
      if (tracked && category.status === 'fulfilled' && !category.value) {
        await notify(item, texts.tracked, 'information');
      }
    },
  };
}
