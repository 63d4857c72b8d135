import { webcrypto } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { apply, type ApplyServices } from '../../src/api/apply.ts';
import { createDataverse } from '../../src/api/dataverse.ts';
import { createHttp } from '../../src/api/http.ts';
import type { Change, Tried } from '../../src/model/change.ts';
import { parseChange } from '../../src/model/parse-change.ts';
import { createCrm, type Crm } from '../simulate/crm.ts';
import type { RegardingRef } from '../../src/model/records.ts';
import { answerWebApi } from '../simulate/crm-api.ts';
import { regardingChoices } from '../simulate/places.ts';
import { regardChange, trackChange, untrackChange } from '../sync/samples.ts';

/** A Change whose answer was lost is carried out again, from what its first try wrote down; meanwhile others were there. */

const [kim, fabrikam, rooms] = regardingChoices as [RegardingRef, RegardingRef, RegardingRef];
const miguel = { name: 'Miguel', change: null };

/** How the next write ends: it arrives and its answer is lost, or it never arrives, or it is answered with a status. */
type Fate = 'arrives unheard' | 'never arrives' | 429 | 'is answered';

let crm: Crm;
let fate: Fate;
let noted: Tried | null;
let services: ApplyServices;

beforeEach(() => {
  let now = Date.parse('2026-11-21T08:00:00Z');
  crm = createCrm(
    () => (now += 1_000),
    regardingChoices.map((choice) => ({ ...choice })),
  );
  fate = 'is answered';
  noted = null;
  const send: typeof fetch = async (input, init) => {
    const method = init?.method ?? 'GET';
    const [url, headers] = [new URL(input as string), new Headers(init?.headers)];
    const happens = method === 'GET' ? 'is answered' : fate;
    const request = {
      method,
      url,
      headers,
      body: (init?.body as string | undefined) ?? '',
      bytes: null,
      changeId: null,
    };
    if (happens === 'never arrives') throw new TypeError('fetch failed');
    if (happens === 429) return new Response('{}', { status: 429 });
    const { status, body } = answerWebApi(crm, request, { name: 'Dana', change: null });
    if (happens === 'arrives unheard') throw new TypeError('fetch failed');
    return new Response(status === 204 ? null : (body as string), { status });
  };
  services = {
    crm: createDataverse(createHttp({ fetch: send, baseUrl: 'https://crm/api/data/v9.2/', token: async () => 't' })),
    digest: (bytes) => webcrypto.subtle.digest('SHA-256', bytes),
    tenantId: 'contoso',
    attachment: async () => null,
    attachmentLimit: async () => 1,
    note: async (tried) => void (noted = tried),
  };
});

/** Carries it out with this fate, and gives it back as the store of its device or the ledger would. */
async function tryOnce(change: Change, with_: Fate): Promise<Change> {
  fate = with_;
  await expect(apply(change, services)).rejects.toMatchObject({ name: 'CrmError' });
  fate = 'is answered';
  return parseChange(JSON.parse(JSON.stringify({ ...change, tried: noted ?? undefined })));
}

const row = () => [...crm.emails.values()][0]!;
const regardingNow = () => [...crm.emails.values()].map(({ regarding }) => regarding?.id ?? null);
const sets = (choice: RegardingRef | null) => () => void crm.setRegarding(row().id, choice, null, miguel);
const removes = (): void => void crm.removeEmail(row().id, null, miguel);
async function tracksAnew(): Promise<void> {
  removes();
  await apply(trackChange({ regarding: rooms }), services);
}

type Meanwhile = readonly [Fate, string, () => void | Promise<void>, readonly (string | null)[]];

const others: readonly Meanwhile[] = [
  ['arrives unheard', 'nothing', () => undefined, [kim.id]],
  ['never arrives', 'nothing', () => undefined, [kim.id]],
  ['arrives unheard', 'another record', sets(rooms), [rooms.id]],
  ['never arrives', 'another record', sets(rooms), [rooms.id]],
  ['arrives unheard', 'no record', sets(null), [null]],
  ['never arrives', 'another column, which moves the version', sets(fabrikam), [kim.id]],
  ['arrives unheard', 'a new row in its place', tracksAnew, [rooms.id]],
  ['arrives unheard', 'its removal', removes, []],
];

describe('what an e-mail is regarding, said with an answer that was lost', () => {
  test.each(others)('%s; meanwhile somebody writes %s', async (happens, _, act, after) => {
    await apply(trackChange({ regarding: fabrikam }), services);
    const again = await tryOnce(regardChange({ regarding: kim }), happens);
    expect(noted).toEqual({ recordId: expect.any(String), regarding: fabrikam });
    await act();
    const result = await apply(again, services);
    expect(regardingNow()).toEqual(after);
    expect(result.regarding?.id ?? null).toBe(after[0] ?? null);
    if (after[0] === kim.id) expect(result.previousRegarding).toEqual(fabrikam); // so that "Undo" knows what was before
  });

  test('guarded, as an undo is: what arrived is no conflict afterwards', async () => {
    await apply(trackChange({ regarding: kim }), services);
    const undo = regardChange({ regarding: fabrikam, onlyIfRegarding: { id: kim.id } });
    const again = await tryOnce(undo, 'arrives unheard');
    sets(rooms)();
    expect(await apply(again, services)).toMatchObject({ regarding: { id: rooms.id } });
  });

  test('refused for certain: nothing is unheard, and it is decided by what is there when it is tried again', async () => {
    await apply(trackChange({ regarding: fabrikam }), services);
    const again = await tryOnce(regardChange({ regarding: kim }), 429);
    expect(again.tried).toBeUndefined();
    sets(rooms)();
    await apply(again, services);
    expect(regardingNow()).toEqual([kim.id]);
  });

  test('twice: a second try that is refused for certain does not make the first one heard', async () => {
    await apply(trackChange({ regarding: fabrikam }), services);
    const first = await tryOnce(regardChange({ regarding: kim }), 'never arrives');
    const second = await tryOnce(first, 429);
    sets(rooms)();
    await apply(second, services);
    expect(regardingNow()).toEqual([rooms.id]);
  });
});

test('a track that joins a colleague’s e-mail says its record no second time over theirs', async () => {
  await apply(trackChange({ regarding: fabrikam }), services);
  const again = await tryOnce(trackChange({ regarding: kim }), 'arrives unheard');
  sets(rooms)();
  expect(await apply(again, services)).toMatchObject({ already: true, regarding: { id: rooms.id } });
  expect(regardingNow()).toEqual([rooms.id]);
});

test('a track whose e-mail was removed meanwhile tracks it anew: it wants an e-mail there', async () => {
  await apply(trackChange({ regarding: fabrikam }), services);
  const again = await tryOnce(trackChange({ regarding: kim }), 'never arrives');
  removes();
  await apply(again, services);
  expect(regardingNow()).toEqual([kim.id]);
});

test.each([{}, { onlyIfUntouched: true }])(
  'a removal that arrived removes no e-mail that was tracked since (%p)',
  async (guarded) => {
    const track = trackChange({ regarding: kim });
    const { etag } = await apply(track, services);
    const guard = 'onlyIfUntouched' in guarded ? { onlyIfUntouched: { recordId: track.id, etag } } : {};
    const again = await tryOnce(untrackChange(guard), 'arrives unheard');
    await apply(trackChange({ regarding: rooms }), services);
    await apply(again, services);
    expect(regardingNow()).toEqual([rooms.id]);
  },
);
