import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MalformedChange, parseChange, parseChangeStatus } from '../../src/model/parse-change.ts';
import { isGuid, uuidV7 } from '../../src/model/uuid.ts';
import { deviceDelay, ledgerDelay } from '../../src/model/schedule.ts';
import { trackChange, untrackChange } from '../sync/samples.ts';

describe('a change read back', () => {
  test('is what was written', () => {
    for (const change of [
      trackChange({}),
      untrackChange({ onlyIfUntouched: { recordId: trackChange({}).id, etag: 'W/"7"' } }),
    ]) {
      expect(parseChange(JSON.parse(JSON.stringify(change)))).toEqual(change);
    }
  });

  test.each([
    ['kind', { kind: 'explode' }],
    ['id', { id: "1'; drop table" }],
    ['at', { at: 'yesterday' }],
    ['regarding.table', { regarding: { table: 'systemuser', id: trackChange({}).id, name: '' } }],
    ['bodyHtml', { mail: { ...trackChange({}).mail, bodyHtml: null } }],
  ])('says that %s is wrong', (field, wrong) => {
    const read = () => parseChange({ ...trackChange({}), ...wrong });
    expect(read).toThrow(MalformedChange);
    expect(read).toThrow(field);
  });

  test('fails in no other way, whatever lies in the store', () => {
    fc.assert(
      fc.property(fc.anything(), (anything) => {
        expect(() => parseChange(anything)).toThrow(MalformedChange);
        expect(() => parseChangeStatus(anything)).toThrow(MalformedChange);
      }),
    );
  });
});

describe('ids', () => {
  test('sort as the gestures were made and are GUIDs', () => {
    const random = new Uint8Array(10).fill(255);
    const [first, second] = [uuidV7(1_700_000_000_000, random), uuidV7(1_700_000_000_001, new Uint8Array(10))];
    expect(isGuid(first) && isGuid(second)).toBe(true);
    expect(first < second).toBe(true);
    expect(first[14]).toBe('7');
  });
});

describe('the schedules', () => {
  test('grow, jitter, and respect what the CRM asked for up to an hour', () => {
    expect(ledgerDelay(1, 0, 0.999)).toBeLessThanOrEqual(2_000);
    expect(ledgerDelay(5, 0, 0.5)).toBe(60_000);
    expect(ledgerDelay(30, 25 * 3_600_000, 0.999)).toBeGreaterThan(5 * 3_600_000);
    expect(ledgerDelay(1, 0, 0.1, 30_000)).toBe(30_000);
    expect(ledgerDelay(1, 0, 0.1, 1e12)).toBe(3_600_000);
    expect(deviceDelay(1, 0)).toBe(500);
    expect(deviceDelay(20, 0.999)).toBeLessThanOrEqual(30_000);
  });
});
