import { foldAddress, type MailAddress } from '../../model/message.ts';

export interface PersonDraft {
  readonly firstname: string;
  readonly lastname: string;
  readonly emailaddress1: string;
  /** A guess from the address: offered, never filled in by itself. */
  readonly companySuggestion: string | null;
}

/** Where an address says nothing about the company of its owner. */
const personalDomains =
  /^(?:gmail|googlemail|outlook|hotmail|live|msn|yahoo|ymail|aol|icloud|me|mac|gmx|web|t-online|mail|proton|protonmail|pm|fastmail|hey|qq|163|126|yandex|zoho)\.[a-z.]+$/;

const capital = (word: string): string => word.charAt(0).toLocaleUpperCase() + word.slice(1);

/** "Lovelace, Ada (Engines)" -> Ada Lovelace. A single word is a last name: the one column a CRM insists on. */
function splitName(name: string): { firstname: string; lastname: string } {
  const plain = name
    .replace(/["“”]/g, '')
    .replace(/\s*[([{].*?[)\]}]/g, '')
    .replace(/\s+(?:via|per)\s+.*$/i, '')
    .replace(/^(?:dr|prof|mr|mrs|ms|herr|frau|m|mme)\.?\s+(?=\S+\s)/i, '')
    .replace(/\s+/g, ' ')
    .trim();
  const comma = /^([^,]+),\s*([^,]+)$/.exec(plain);
  if (comma) return { firstname: comma[2] ?? '', lastname: comma[1] ?? '' };
  const at = plain.lastIndexOf(' ');
  return at < 0 ? { firstname: '', lastname: plain } : { firstname: plain.slice(0, at), lastname: plain.slice(at + 1) };
}

/** "ada.lovelace+crm" -> "Ada Lovelace"; "info" -> "". */
function nameFromLocalPart(local: string): string {
  const words = (local.split('+')[0] ?? '').split(/[._-]+/).filter((word) => /^\p{L}{2,}$/u.test(word));
  return words.length < 2 ? '' : words.map(capital).join(' ');
}

function companyFrom(domain: string): string | null {
  if (domain === '' || personalDomains.test(domain)) return null;
  const labels = domain.split('.').filter((label) => label !== 'www');
  // "contoso.co.uk": the ending has two parts when the second to last is short.
  const second = labels.at(-2) ?? '';
  const ending = labels.length > 2 && second.length <= 3 ? 2 : 1;
  const name = labels.at(-1 - ending);
  return name === undefined || name === '' ? null : name.split('-').map(capital).join(' ');
}

/** What a mail tells about a person whom nobody knows yet. */
export function draftPerson({ name, address }: MailAddress): PersonDraft {
  const [local = '', domain = ''] = foldAddress(address).split('@');
  // Some senders put the address where the name belongs.
  const told = name.includes('@') ? '' : name.trim();
  return {
    ...splitName(told === '' ? nameFromLocalPart(local) : told),
    emailaddress1: foldAddress(address),
    companySuggestion: companyFrom(domain),
  };
}

const quoteStart =
  /^(?:>|-{2,}\s*(?:original|forwarded)|_{10,}|(?:from|von|de|da|van)\s*:|on .{5,120}wrote:|am .{5,120}schrieb)/i;
const labelled =
  /(?:^|[\s|·,;(])(?:tel|telephone|telefon|phone|fon|ph|mobile|mobil|cell|direct|office|t|m|p)\s*[.:]+\s*(\+?[\d(][\d\s()./-]{6,24}\d)/i;
const international = /(?:^|[\s|·(])(\+[1-9][\d\s()./-]{7,24}\d)(?=$|[\s|·,;)])/;

/**
 * A telephone number that plainly stands in the signature: labelled, or written with its country code, in the last lines
 * before the quoted text. Null rather than a guess: an order number in a telephone field is worse than none.
 */
export function phoneInSignature(text: string): string | null {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const quoted = lines.findIndex((line) => quoteStart.test(line));
  const own = (quoted < 0 ? lines : lines.slice(0, quoted)).filter((line) => line !== '' && !/\bfax\b/i.test(line));
  for (const line of own.slice(-12)) {
    const number = (labelled.exec(line)?.[1] ?? international.exec(line)?.[1])?.replace(/\s+/g, ' ').trim();
    const digits = number?.replace(/\D/g, '').length ?? 0;
    if (number !== undefined && digits >= 7 && digits <= 15) return number;
  }
  return null;
}
