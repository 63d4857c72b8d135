import { expect, test } from '@jest/globals';
import { says, trackMessage, type TrackingSync } from '../../src/commands/track-message.ts';
import type { ChangeStatus } from '../../src/model/change.ts';
import type { MailMessage } from '../../src/model/message.ts';
import { createStatuses } from '../../src/sync/statuses.ts';
import { createMemoryMailbox } from './memory-mailbox.ts';

const message: MailMessage = {
  itemId: 'mail-1',
  kind: 'received',
  internetMessageId: '<1@x.example>',
  subject: 'Order',
  from: { name: 'Tom', address: 'tom@x.example' },
  to: [],
  cc: [],
  bcc: [],
  sentAt: null,
  receivedAt: null,
  importance: 'normal',
  attachments: [],
};

/** A sync whose Changes end as the story says. */
function syncThatSays(status: Partial<ChangeStatus>) {
  const statuses = createStatuses();
  const tracked: string[] = [];
  let stopped = false;
  const base = { id: 'c1', lane: 'l', kind: 'track' as const, at: '2026-11-21T12:00:00Z', nextTryAt: null };
  const more = { reason: null, position: null, result: null };
  const sync = {
    statuses,
    gestures: {
      track: async (mail: { message: MailMessage }) => {
        tracked.push(mail.message.itemId);
        statuses.set({ ...base, ...more, state: 'sending' });
        setTimeout(() => statuses.set({ ...base, ...more, state: 'sending', ...status }), 0);
        return { id: 'c1' };
      },
    },
    stop: async () => {
      stopped = true;
    },
  };
  return { sync: sync as unknown as TrackingSync, tracked, isStopped: () => stopped };
}

const reason = (code: 'unauthorized' | 'refused', text: string) => ({ code, message: text });

test.each([
  ['done', null, says.done, 'information'],
  ['queued', null, says.queued, 'information'],
  ['waiting', null, says.waiting, 'information'],
  ['waiting', reason('unauthorized', 'Sign in.'), says.signIn, 'information'],
  ['conflict', null, says.conflict, 'information'],
  ['refused', reason('refused', 'The subject is too long.'), 'Refused: The subject is too long.', 'error'],
] as const)('a Change that is %s is told in one line (%#)', async (state, why, line, tone) => {
  const mailbox = createMemoryMailbox();
  mailbox.open({ message, bodyHtml: '', bytes: new Map() });
  const { sync, tracked, isStopped } = syncThatSays({ state, reason: why });
  await trackMessage(mailbox, async () => sync);
  expect(tracked).toEqual(['mail-1']);
  expect(mailbox.lines).toEqual([{ itemId: 'mail-1', text: line, tone }]);
  expect(mailbox.marked.has('mail-1')).toBe(state === 'done');
  expect(isStopped()).toBe(true);
});

test('a draft and an appointment are refused politely, without asking anybody', async () => {
  const mailbox = createMemoryMailbox();
  const never = () => Promise.reject(new Error('not asked'));
  mailbox.open({ message, bodyHtml: '', bytes: new Map() }, 'draft');
  await trackMessage(mailbox, never);
  mailbox.open({ message, bodyHtml: '', bytes: new Map() }, 'appointment');
  await trackMessage(mailbox, never);
  mailbox.close();
  await trackMessage(mailbox, never);
  expect(mailbox.lines.map(({ text }) => text)).toEqual([says.draft, says.notMail]);
});

test('a start that fails is told, and does not throw', async () => {
  const mailbox = createMemoryMailbox();
  mailbox.open({ message, bodyHtml: '', bytes: new Map() });
  await trackMessage(mailbox, () => Promise.reject(new Error('no server')));
  expect(mailbox.lines).toEqual([{ itemId: 'mail-1', text: says.failed, tone: 'error' }]);
});
