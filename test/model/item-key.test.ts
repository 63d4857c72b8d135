import { describe, expect, test } from '@jest/globals';
import { webcrypto } from 'node:crypto';
import fc from 'fast-check';
import {
  canonicalMessageId,
  fingerprintOf,
  identifyMail,
  normalizeSubject,
  sameMail,
  type IdentifiableMail,
} from '../../src/model/item-key.ts';

const digest = (bytes: Uint8Array<ArrayBuffer>) => webcrypto.subtle.digest('SHA-256', bytes);
const mail: IdentifiableMail = {
  internetMessageId: '<Order-17@fabrikam.example>',
  from: { name: 'Kim', address: 'Kim@Fabrikam.example' },
  sentAt: '2026-11-20T09:15:00.000Z',
  subject: 'RE: [Sales] Order 17',
};

describe('the key of a mail', () => {
  test('is the same for two people who received it, whatever their mailboxes did to the header', async () => {
    const hers = await identifyMail(
      'contoso',
      { ...mail, internetMessageId: ' <Order-17@\r\n fabrikam.example> (by way of)' },
      digest,
    );
    expect(hers.itemKey).toBe((await identifyMail('contoso', mail, digest)).itemKey);
    expect(hers.messageId).toBe('<Order-17@fabrikam.example>');
  });

  test('differs between tenants and between ids that differ in case', async () => {
    const { itemKey } = await identifyMail('contoso', mail, digest);
    expect((await identifyMail('fabrikam', mail, digest)).itemKey).not.toBe(itemKey);
    const shouting = { ...mail, internetMessageId: '<ORDER-17@fabrikam.example>' };
    expect((await identifyMail('contoso', shouting, digest)).itemKey).not.toBe(itemKey);
  });

  test.each([null, '', '<>', 'no brackets and no at', `<${'x'.repeat(400)}@y>`])(
    'falls back to the content for the id %p, and promotes under an id of ours',
    async (internetMessageId) => {
      const { itemKey, messageId } = await identifyMail('contoso', { ...mail, internetMessageId }, digest);
      expect(itemKey).toMatch(/^m2\.[\w-]{43}$/);
      expect(messageId).toBe(`<${itemKey}@alongside.invalid>`);
      expect(messageId.length).toBeLessThanOrEqual(320);
    },
  );

  test('is the stamp where there is no id yet, and beside it where there is', async () => {
    const stamp = '0190aaaa-0000-7000-8000-000000000001';
    const fresh = await identifyMail('contoso', { ...mail, internetMessageId: null, stamp }, digest);
    expect(fresh).toMatchObject({ messageId: `<s1.${stamp}@alongside.invalid>`, stamp });
    expect(fresh.itemKey).toMatch(/^s1\.[\w-]{43}$/);
    const later = await identifyMail('contoso', { ...mail, stamp }, digest);
    expect(later).toMatchObject({ messageId: '<Order-17@fabrikam.example>', stamp });
  });

  test('never throws, whatever a stranger writes into the header', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const id = canonicalMessageId(header);
        expect(id === null || /^<[^<>\s]+>$/u.test(id)).toBe(true);
      }),
    );
  });
});

describe('the fingerprint', () => {
  const own = fingerprintOf(mail);

  test('knows a mail again through prefixes, list tags and the case of an address', () => {
    expect(
      sameMail(
        own,
        fingerprintOf({ ...mail, subject: 'Order 17', from: { name: '', address: 'kim@fabrikam.example' } }),
      ),
    ).toBe(true);
  });

  test('tells a forged copy of an id by sender, subject or date', () => {
    expect(sameMail(own, fingerprintOf({ ...mail, from: { name: 'Kim', address: 'kim@evil.example' } }))).toBe(false);
    expect(sameMail(own, fingerprintOf({ ...mail, subject: 'Invoice' }))).toBe(false);
    expect(sameMail(own, fingerprintOf({ ...mail, sentAt: '2026-10-20T09:15:00.000Z' }))).toBe(false);
  });

  test('takes no date for no evidence', () => {
    expect(sameMail(own, fingerprintOf({ ...mail, sentAt: null }))).toBe(true);
  });

  test.each([
    ['AW: Re: [list] Fwd: Offer', 'offer'],
    ['Re[2]: Offer', 'offer'],
    ['Reply wanted', 'reply wanted'],
    ['回复：Offer', '回复：offer'],
    ['', ''],
  ])('normalises the subject %p to %p', (subject, plain) => expect(normalizeSubject(subject)).toBe(plain));
});
