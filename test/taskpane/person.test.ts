import { describe, expect, test } from '@jest/globals';
import type { Person } from '../../src/model/records.ts';
import { createChoices, pick } from '../../src/taskpane/person/choices.ts';
import { initials, spread } from '../../src/taskpane/person/initials.ts';
import { createPeopleLoader } from '../../src/taskpane/person/people-loader.ts';
import { draftPerson, phoneInSignature } from '../../src/taskpane/person/prefill.ts';

describe('a form for somebody unknown, filled from the mail', () => {
  test.each([
    ['Ada Lovelace', 'ada@engines.example', 'Ada', 'Lovelace', 'Engines'],
    ['Lovelace, Ada (Engines)', 'ada@engines.example', 'Ada', 'Lovelace', 'Engines'],
    ['"Ada King Lovelace"', 'a@x.engines.co.uk', 'Ada King', 'Lovelace', 'Engines'],
    ['Dr. Ada Lovelace', 'ada@coffee-expo.example', 'Ada', 'Lovelace', 'Coffee Expo'],
    ['Ada via DocuSign', 'dse@docusign.example', '', 'Ada', 'Docusign'],
    ['', 'ada.lovelace+crm@gmail.com', 'Ada', 'Lovelace', null],
    ['ada.lovelace@engines.example', 'Ada.Lovelace@Engines.example', 'Ada', 'Lovelace', 'Engines'],
    ['', 'info@engines.example', '', '', 'Engines'],
    ['Madonna', 'm@outlook.com', '', 'Madonna', null],
    ['佐藤 健二', 'kenji@adatum.example', '佐藤', '健二', 'Adatum'],
  ])('%s <%s>', (name, address, firstname, lastname, companySuggestion) => {
    expect(draftPerson({ name, address })).toEqual({
      firstname,
      lastname,
      emailaddress1: address.toLowerCase(),
      companySuggestion,
    });
  });
});

describe('a telephone number in a signature', () => {
  test.each([
    ['Regards\nAda Lovelace\nTel: +44 20 7946 0315', '+44 20 7946 0315'],
    ['Ada · Engines · +49 451 555 0142', '+49 451 555 0142'],
    ['M: (020) 7946-0315 | www.engines.example', '(020) 7946-0315'],
    ['Tel.: 0451 / 555 01 42', '0451 / 555 01 42'],
  ])('%j', (text, phone) => expect(phoneInSignature(text)).toBe(phone));

  test.each([
    ['an order number is none', 'Please confirm order 4500117000.'],
    ['a date is none', 'See you on 2026-11-21 at 10:00'],
    ['a fax is none', 'Fax: +44 20 7946 0316'],
    ['somebody else’s is none', 'Thanks\n\nOn Mon, 3 Jan 2026, Tom Becker wrote:\n> Tel: +44 20 7946 0315'],
    ['one far above the signature is none', `Tel: +44 20 7946 0315\n${'A long letter.\n'.repeat(20)}`],
    ['too many digits are none', 'Tel: +44 20 7946 0315 1234 5678 9012'],
  ])('%s', (_why, text) => expect(phoneInSignature(text)).toBeNull());
});

const person = (id: string, active = true): Person => ({
  table: 'contact',
  id,
  name: id,
  email: 'tom@x.example',
  jobTitle: null,
  company: null,
  phone: null,
  mobile: null,
  owner: null,
  active,
});

describe('which of several records it is', () => {
  test('is what the person said, else the only one, else the only active one, else a question', () => {
    expect(pick([], null)).toBeNull();
    expect(pick([person('a')], null)?.id).toBe('a');
    expect(pick([person('a', false)], null)?.id).toBe('a');
    expect(pick([person('a', false), person('b')], null)?.id).toBe('b');
    expect(pick([person('a'), person('b')], null)).toBeNull();
    expect(pick([person('a'), person('b')], 'b')?.id).toBe('b');
    expect(pick([person('a'), person('b')], 'gone')).toBeNull();
  });

  test('is remembered for the session, however the address is written', () => {
    const stored = new Map<string, string>();
    const memory = {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => void stored.set(key, value),
      removeItem: (key: string) => void stored.delete(key),
    };
    createChoices(() => memory).choose('Tom@X.example', 'b');
    expect(createChoices(() => memory).of('tom@x.example')).toBe('b');
  });

  test('is remembered by the pane alone where the browser stores nothing', () => {
    const choices = createChoices(() => {
      throw new DOMException('denied', 'SecurityError');
    });
    choices.choose('tom@x.example', 'b');
    expect(choices.of('tom@x.example')).toBe('b');
    expect(choices.of('lea@x.example')).toBeNull();
  });
});

describe('looking people up', () => {
  test('everybody asked for in one turn goes in one batch, each address once', async () => {
    const batches: (readonly string[])[] = [];
    const loader = createPeopleLoader({
      find: async (addresses) => {
        batches.push(addresses);
        return new Map([['tom@x.example', [person('tom')]]]);
      },
    });
    const { signal } = new AbortController();
    const answers = await Promise.all(
      ['Tom@x.example', 'lea@x.example', 'tom@x.example'].map((address) => loader.load(address, signal)),
    );
    expect(batches).toEqual([['tom@x.example', 'lea@x.example']]);
    expect(answers.map((people) => people.map(({ id }) => id))).toEqual([['tom'], [], ['tom']]);
  });

  test('a batch ends early only when nobody in it is wanted any more', async () => {
    let batch: AbortSignal | undefined;
    const loader = createPeopleLoader({
      find: (_addresses, signal) =>
        new Promise((_resolve, reject) => {
          batch = signal;
          signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
        }),
    });
    const [tom, lea] = [new AbortController(), new AbortController()];
    const answers = [loader.load('tom@x.example', tom.signal), loader.load('lea@x.example', lea.signal)];
    await Promise.resolve();
    tom.abort();
    await expect(answers[0]).rejects.toMatchObject({ name: 'AbortError' });
    expect(batch?.aborted).toBe(false);
    lea.abort();
    expect(batch?.aborted).toBe(true);
    await expect(answers[1]).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('what is no longer wanted when its turn comes is not asked for', async () => {
    let asked = 0;
    const loader = createPeopleLoader({
      find: async () => {
        asked += 1;
        return new Map();
      },
    });
    const stop = new AbortController();
    void loader.load('tom@x.example', stop.signal);
    stop.abort();
    await Promise.resolve();
    expect(asked).toBe(0);
  });
});

test('initials are read off a name in any script', () => {
  expect(
    ['Ada King Lovelace', 'tom', '佐藤 健二', 'ليلى حداد', 'ada.lovelace@x.example', '"Ö" (x) Ärm', ''].map(initials),
  ).toEqual(['AL', 'T', '佐', 'ل', 'AL', 'ÖÄ', '']);
  expect(spread('tom@x.example', 10)).toBe(spread('tom@x.example', 10));
});
