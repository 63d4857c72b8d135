import { ask, has } from './office.ts';

const key = 'alongside';
const limit = 150;

type Notifiable = { readonly notificationMessages: Office.NotificationMessages };

/** One line above the mail, ours replacing our last one. Never rejects: phones and appointments there have no such line. */
export async function notify(item: Notifiable, text: string, tone: 'information' | 'error'): Promise<void> {
  if (!has(item, 'notificationMessages')) return;
  const types = Office.MailboxEnums.ItemNotificationMessageType;
  const message = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  const details: Office.NotificationMessageDetails =
    tone === 'error'
      ? { type: types.ErrorMessage, message }
      : // The icon is a resource of manifest.xml.
        { type: types.InformationalMessage, message, icon: 'Icon.16', persistent: false };
  await ask<void>((answer) => item.notificationMessages.replaceAsync(key, details, answer)).catch(() => undefined);
}
