import { describe, expect, test } from '@jest/globals';
import { canonicalAddress, entryOf, readEntry } from '../../../src/server/mailbox/rules/address-list.ts';
import {
  changeSettings,
  mostEntries,
  readStoredSettings,
  SettingsError,
  usualSettings,
} from '../../../src/server/mailbox/settings.ts';

describe('the settings of a mailbox', () => {
  test('of a new one harm nobody', () => {
    expect(usualSettings('user')).toEqual({
      incoming: true,
      sentItems: false,
      outgoing: false,
      category: true,
      categoryRemoved: 'keep',
      automatic: 'as-filter',
      neverTrack: [],
      internal: 'skip',
      private: 'skip',
      encrypted: 'skip',
      processFrom: null,
      retentionDays: 90,
      markTracked: true,
    });
    expect(usualSettings('queue').internal).toBe('track');
  });

  test('survive the way through the database, and are read from what other versions wrote', () => {
    const changed = changeSettings(usualSettings('user'), { neverTrack: ['Bank.example'], sentItems: true });
    expect(readStoredSettings(JSON.parse(JSON.stringify(changed)), 'user')).toEqual(changed);
    expect(readStoredSettings({ sentItems: true, ofTheFuture: 7 }, 'user')).toEqual({
      ...usualSettings('user'),
      sentItems: true,
    });
    expect(readStoredSettings(null, 'queue')).toEqual(usualSettings('queue'));
  });

  test.each([
    ['not an object at all', 'nonsense', { automatic: 'off' }],
    ['a word of another version', { internal: 'ask-me', private: 3 }, { internal: 'skip', private: 'skip' }],
    ['an automatic that nobody knows', { automatic: 'everything' }, { automatic: 'off' }],
    ['a damaged list', { neverTrack: ['bank.example', 'a b'] }, { automatic: 'off' }],
    ['a mark', { markTracked: 'yes' }, { markTracked: false }],
  ])('that cannot be read make the mailbox do less: %s', (_, stored, expected) => {
    expect(readStoredSettings(stored, 'user')).toMatchObject(expected);
  });

  test.each([
    [{ neverTrack: ['ok.example', 'no domain'] }, 'not-an-address', 'neverTrack[1]'],
    [{ neverTrack: 'ok.example' }, 'wrong-value', 'neverTrack'],
    [{ neverTrack: Array.from({ length: mostEntries + 1 }, (_, at) => `d${at}.example`) }, 'too-many', 'neverTrack'],
    [{ automatic: 'all' }, 'wrong-value', 'automatic'],
    [{ retentionDays: 0 }, 'wrong-value', 'retentionDays'],
    [{ retentionDays: 1.5 }, 'wrong-value', 'retentionDays'],
    [{ processFrom: 'yesterday' }, 'wrong-value', 'processFrom'],
    [{ processFrom: '2026-02-30T99:00:00Z' }, 'wrong-value', 'processFrom'],
    [{ incoming: 1 }, 'wrong-value', 'incoming'],
    [{ createUnknown: 'contact' }, 'unknown-field', 'createUnknown'],
    [JSON.parse('{"__proto__":{"incoming":false}}'), 'unknown-field', '__proto__'],
    [[], 'not-an-object', ''],
  ])('refuse %j and name the field', (wanted, code, field) => {
    let refused: unknown;
    try {
      changeSettings(usualSettings('user'), wanted);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(SettingsError);
    expect(refused).toMatchObject({ code, field });
  });

  test('take a moment with its offset and keep it in UTC', () => {
    const from = (processFrom: string) => changeSettings(usualSettings('user'), { processFrom }).processFrom;
    expect(from('2026-11-01T02:00:00+02:00')).toBe('2026-11-01T00:00:00.000Z');
    expect(from('2026-11-01')).toBe('2026-11-01T00:00:00.000Z');
  });
});

describe('a list of addresses and domains', () => {
  test.each([
    ['Ada@Fabrikam.Example', 'ada@fabrikam.example'],
    [' fabrikam.example. ', 'fabrikam.example'],
    ['@fabrikam.example', 'fabrikam.example'],
    ['*.fabrikam.example', 'fabrikam.example'],
    ['Bücher.example', 'xn--bcher-kva.example'],
    ['ada@BÜCHER.example', 'ada@xn--bcher-kva.example'],
    ['"odd, but right"@fabrikam.example', '"odd, but right"@fabrikam.example'],
  ])('reads %s', (source, entry) => expect(readEntry(source)).toBe(entry));

  test.each([
    [''],
    ['example'],
    ['*'],
    ['*@ada@fabrikam.example'],
    ['@'],
    ['ada@'],
    ['ada bo@fabrikam.example'],
    ['fabrikam..example'],
    ['fabri kam.example'],
    [`${'a'.repeat(320)}@fabrikam.example`],
    ['.*'],
  ])('refuses %j', (source) => expect(readEntry(source)).toBeUndefined());

  const list = new Set(['ada@fabrikam.example', 'bank.example', 'xn--bcher-kva.example', 'de.bank.example']);
  test.each([
    ['ADA@fabrikam.example', 'ada@fabrikam.example'],
    ['bo@fabrikam.example', undefined],
    ['x@bank.example', 'bank.example'],
    ['x@mail.bank.example', 'bank.example'],
    ['x@a.de.bank.example', 'de.bank.example'],
    ['x@evilbank.example', undefined],
    ['x@bank.example.evil.example', undefined],
    ['info@BÜCHER.example', 'xn--bcher-kva.example'],
    ['nobody', undefined],
    ['', undefined],
    ['"x@bank.example"@fabrikam.example', undefined],
  ])('finds %s under %s', (address, entry) => expect(entryOf(list, address)).toBe(entry));

  test('compares addresses folded', () => {
    expect(canonicalAddress('A\u030Ada@Bücher.example')).toBe(canonicalAddress('Åda@xn--bcher-kva.example'));
  });
});
