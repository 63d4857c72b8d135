import type { MailMessage } from '../model/message.ts';
import { draftPeople, onRecipientsChanged } from './compose.ts';
import { itemClosed, type Mailbox, type OpenItem } from './mailbox.ts';
import { marksOf } from './marks.ts';
import { notify } from './notifications.ts';
import { ask, has } from './office.ts';
import { readMail } from './open-mail.ts';
import { emptyDraft, isAppointment, snapshotOf } from './snapshot.ts';
import { draftWish } from './stamp.ts';

type HostItem = NonNullable<Office.Mailbox['item']>;

/** Read mode tells the subject as text, compose mode as an object to ask. */
function isDraft(item: HostItem): item is HostItem & Office.MessageCompose {
  return typeof item.subject !== 'string' && has(item.subject as object | null, 'getAsync' as never);
}

/** The mailbox of the Outlook around us. Only after `officeReady()`. */
export function createOfficeMailbox(texts: { tracked: string }): Mailbox {
  const { mailbox } = Office.context;
  const listeners = new Set<() => void>();
  let turn = 0;
  let open: OpenItem | null = null;
  let openId: string | null = null;
  let leave: () => void = () => undefined;

  const tell = (): void => {
    for (const listener of listeners) listener();
  };

  function openDraft(item: HostItem & Office.MessageCompose, mine: number): OpenItem {
    const wish = String(item.itemType) === 'appointment' ? null : draftWish(item);
    const draft = (message: MailMessage): OpenItem => ({
      turn: mine,
      kind: 'draft',
      message,
      read: () => Promise.reject(itemClosed()),
      marks: { lastKnown: () => Promise.resolve(false), show: () => Promise.resolve() },
      wish,
      notify: (text, tone) => notify(item, text, tone),
    });
    const refresh = async (): Promise<void> => {
      const people = await draftPeople(item);
      if (mine !== turn) return;
      open = draft({ ...emptyDraft, ...people });
      tell();
    };
    leave = onRecipientsChanged(item, () => void refresh());
    void refresh();
    return draft(emptyDraft);
  }

  function openRead(item: HostItem & Office.MessageRead, mine: number): OpenItem {
    const message = snapshotOf(item);
    const stillOpen = (): boolean => mine === turn;
    return {
      turn: mine,
      kind: isAppointment(item) ? 'appointment' : 'mail',
      message,
      read: () => readMail(item, message, stillOpen),
      marks: marksOf(item, message.internetMessageId ?? message.itemId, texts),
      wish: null,
      notify: (text, tone) => notify(item, text, tone),
    };
  }

  function look(): void {
    leave();
    leave = () => undefined;
    turn += 1;
    const item = mailbox.item;
    openId = item?.itemId ?? null;
    open = item == null ? null : isDraft(item) ? openDraft(item, turn) : openRead(item, turn);
  }

  look();
  // Not pinnable (phones, Outlook.com): the pane is opened anew for every item.
  if (has(mailbox, 'addHandlerAsync')) {
    const changed = (): void => {
      look();
      tell();
    };
    void ask<void>((answer) => mailbox.addHandlerAsync(Office.EventType.ItemChanged, changed, answer)).catch(
      () => undefined,
    );
  }

  return {
    user: { name: mailbox.userProfile.displayName, address: mailbox.userProfile.emailAddress },
    language: Office.context.displayLanguage || 'en-US',
    current: () => open,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    recheck() {
      // A draft gets its id when it is first saved; that is no other item.
      if (open?.kind === 'draft' || (mailbox.item?.itemId ?? null) === openId) return;
      look();
      tell();
    },
  };
}
