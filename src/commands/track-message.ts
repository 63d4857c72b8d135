import type { ChangeStatus } from '../model/change.ts';
import type { Mailbox } from '../outlook/mailbox.ts';
import type { Sync } from '../sync/compose.ts';

/** What the ribbon's Track button says; at most 150 characters each. */
export const says = {
  draft: 'A message can be tracked once it is sent.',
  notMail: 'Only messages can be tracked.',
  failed: 'Alongside could not track this message. Open the pane to see why.',
  done: 'Tracked in the CRM.',
  sending: 'Sending to the CRM. Open the pane to see what becomes of it.',
  queued: 'Queued: it is tracked as soon as the CRM is back.',
  waiting: 'Waiting on this device: it is tracked as soon as there is a connection.',
  signIn: 'Waiting on this device: open the pane and sign in.',
  conflict: 'Conflict: open the pane to decide.',
  refused: (reason: string) => `Refused: ${reason}`,
} as const;

/** The parts of sync the button needs. */
export type TrackingSync = Pick<Sync, 'gestures' | 'statuses' | 'stop'>;

/** Longer than the CRM's eight seconds and the hand-over to the queue; after that the pane tells the rest. */
const patience = 15_000;

/** Tracks the open mail and says in one line what became of it. Works while no pane is open. */
export async function trackMessage(mailbox: Mailbox, start: () => Promise<TrackingSync>): Promise<void> {
  const item = mailbox.current();
  if (item === null) return;
  if (item.kind !== 'mail') return item.notify(item.kind === 'draft' ? says.draft : says.notMail, 'information');

  let sync: TrackingSync | null = null;
  try {
    // Read before anything else: the person may go on to the next message.
    const [mail, started] = await Promise.all([item.read(), start()]);
    sync = started;
    const change = await sync.gestures.track(mail, null);
    const status = await ending(sync, change.id);
    if (status?.state === 'done') await item.marks.show(true);
    await item.notify(sentence(status), status?.state === 'refused' ? 'error' : 'information');
  } catch {
    await item.notify(says.failed, 'error');
  } finally {
    await sync?.stop();
  }
}

/** The first status that will not change within seconds, or the last known when patience ends. */
function ending({ statuses }: TrackingSync, id: string): Promise<ChangeStatus | null> {
  return new Promise((resolve) => {
    const finish = (): void => {
      stop();
      clearTimeout(timer);
      resolve(statuses.get(id));
    };
    const look = (): void => {
      const state = statuses.get(id)?.state;
      if (state !== undefined && state !== 'sending') finish();
    };
    const timer = setTimeout(finish, patience);
    const stop = statuses.subscribe(look);
    look();
  });
}

function sentence(status: ChangeStatus | null): string {
  if (status === null) return says.sending;
  const { state, reason } = status;
  if (state === 'refused') return says.refused(reason?.message ?? '');
  if (state === 'waiting' && reason?.code === 'unauthorized') return says.signIn;
  return says[state];
}
