import type { ChangeResult, ChangeStatus, RegardChange, TrackChange, UntrackChange } from '../../src/model/change.ts';
import type { RegardingRef } from '../../src/model/records.ts';
import { uuidV7 } from '../../src/model/uuid.ts';

/** Changes as a person's clicks make them, with what a test wants to differ. */

let made = 0;
const start = Date.parse('2026-11-21T08:00:00.000Z');

function gesture(lane: string) {
  made += 1;
  const random = new Uint8Array(10);
  new DataView(random.buffer).setUint32(4, made);
  const at = start + made;
  return {
    id: uuidV7(at, random),
    at: new Date(at).toISOString(),
    by: 'dana@contoso.example',
    lane,
    after: null,
    holdUntil: null,
  };
}

export const kim: RegardingRef = {
  table: 'contact',
  id: '0c000000-0000-4000-8000-000000000001',
  name: 'Kim Abercrombie',
};

export function identity(key = 'm1.one') {
  return {
    itemKey: key,
    messageId: `<${key}@fabrikam.example>`,
    fingerprint: { from: 'kim@fabrikam.example', sentAt: '2026-11-20T09:15:00Z', subject: 'order 17' },
  };
}

export function trackChange(differs: Partial<TrackChange>, key = 'm1.one'): TrackChange {
  return {
    ...gesture(key),
    kind: 'track',
    mail: {
      ...identity(key),
      subject: 'Order 17',
      from: { name: 'Kim', address: 'kim@fabrikam.example' },
      to: [{ name: 'Dana', address: 'dana@contoso.example' }],
      cc: [],
      bcc: [],
      sentAt: '2026-11-20T09:15:00.000Z',
      receivedAt: '2026-11-20T09:15:04.000Z',
      importance: 'normal',
      bodyHtml: '<p>Please.</p>',
      attachments: [],
    },
    regarding: null,
    ...differs,
  };
}

export function regardChange(differs: Partial<RegardChange>, key = 'm1.one'): RegardChange {
  return { ...gesture(key), kind: 'regard', mail: identity(key), regarding: kim, ...differs };
}

export function untrackChange(differs: Partial<UntrackChange>, key = 'm1.one'): UntrackChange {
  return { ...gesture(key), kind: 'untrack', mail: identity(key), keepRecord: false, ...differs };
}

/** What the server tells of a Change that it has carried out. */
export const doneStatus = (number: number): ChangeStatus => ({
  id: `0190aaaa-0000-7000-8000-${String(number).padStart(12, '0')}`,
  lane: 'm1.x',
  kind: 'track',
  state: 'done',
  at: '2026-11-21T08:00:00Z',
  reason: null,
  nextTryAt: null,
  position: null,
  result: null,
});

/** What the CRM says of a Change that it has taken. */
export const result: ChangeResult = {
  recordId: '0e000000-0000-4000-8000-000000000001',
  etag: 'W/"1"',
  regarding: null,
  previousRegarding: null,
  already: false,
  leftOut: [],
};
