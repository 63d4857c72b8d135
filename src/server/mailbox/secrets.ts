import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Passwords of mailboxes, sealed before they are stored. */
export interface Secrets {
  /** @param about the mailbox's id: sealed for it alone, so that a row's secret is of no use in another row */
  seal(secret: string, about: string): string;
  /** @throws when the key is another one, or the text was changed */
  open(sealed: string, about: string): string;
}

const algorithm = 'aes-256-gcm';
const keyLength = 32;
const ivLength = 12;
const tagLength = 16;

/** @param key 32 bytes in base64. Null for anything else. */
export function createSecrets(key: string): Secrets | null {
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length !== keyLength || bytes.toString('base64').replace(/=+$/, '') !== key.trim().replace(/=+$/, ''))
    return null;
  return {
    seal(secret, about) {
      const iv = randomBytes(ivLength);
      const cipher = createCipheriv(algorithm, bytes, iv, { authTagLength: tagLength });
      cipher.setAAD(Buffer.from(about));
      const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
    },
    open(sealed, about) {
      const whole = Buffer.from(sealed, 'base64');
      const decipher = createDecipheriv(algorithm, bytes, whole.subarray(0, ivLength), { authTagLength: tagLength });
      decipher.setAAD(Buffer.from(about));
      decipher.setAuthTag(whole.subarray(ivLength, ivLength + tagLength));
      const secret = Buffer.concat([decipher.update(whole.subarray(ivLength + tagLength)), decipher.final()]);
      return secret.toString('utf8');
    },
  };
}
