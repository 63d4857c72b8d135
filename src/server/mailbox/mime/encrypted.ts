import type { Email } from 'postal-mime';

/** Types of a whole mail, or of the only part of one, that nobody but its addressee can read. */
const SEALED = /^(?:multipart\/encrypted|application\/(?:pgp-encrypted|x-microsoft-rpmsg-message))$/;
const SMIME = /^application\/(?:x-)?pkcs7-mime\b/;

/**
 * How a mail is protected: `encrypted` by S/MIME (RFC 8551), PGP (RFC 3156, or in its text) or rights management; `sealed`: signed
 * in a form whose text lies inside the signature and is not read here.
 */
export function protectionOf(mail: Email): 'none' | 'encrypted' | 'sealed' {
  const type = (mail.headers.find(({ key }) => key === 'content-type')?.value ?? '').trim().toLowerCase();
  const [media = ''] = type.split(/[;\s]/);
  if (SEALED.test(media) || mail.attachments.some(({ mimeType }) => SEALED.test(mimeType))) return 'encrypted';
  // Without the parameter the ending of the name tells (RFC 8551 3.2.1): .p7m of an encrypted mail; a signed one says it.
  if (SMIME.test(media)) return /smime-type\s*=\s*"?(?:signed|certs|compressed)/.test(type) ? 'sealed' : 'encrypted';
  const armour = /^\s*-----BEGIN PGP MESSAGE-----/;
  return armour.test((mail.text ?? '').slice(0, 10_000)) ? 'encrypted' : 'none';
}
