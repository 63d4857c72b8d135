/**
 * What a mail belongs to. Pure: what is known of earlier mails comes in, a decision comes out together with the rule that made
 * it. Only the mail's own headers and a token that we issued lead to a join; and a join hands down the regarding record only
 * to mail among the people who were on the earlier mail. Everything else is a suggestion for a person: nothing that a stranger
 * can write into a mail may put it into the timeline of a record.
 */
export interface Ref {
  table: string;
  id: string;
}

/** An e-mail of the CRM. */
export interface KnownMail {
  id: string;
  messageId: string;
  /** Folded addresses of its sender and recipients, and ids of the rows that these are. */
  people: ReadonlySet<string>;
  /** `hidden`: there is one, but who asks may not read it. */
  regarding: Ref | 'hidden' | null;
}

/** The mail that arrives. */
export interface ArrivingMail {
  /** Written by one of our own people or queues. */
  outgoing: boolean;
  /** The sender's folded address, and ids of rows that have it. */
  sender: readonly string[];
  /** Folded addresses of everybody on the mail who is not one of ours. */
  outside: readonly string[];
}

/** Mails that may be the one, by the way they were found; each list in order of nearness. */
export interface Findings {
  /** Named in In-Reply-To. */
  replied: readonly KnownMail[];
  /** Named in References only. */
  referenced: readonly KnownMail[];
  /** Carry the token that stands in the subject, latest first. */
  token: readonly KnownMail[];
  /** The same conversation index, longest common beginning first. */
  conversation: readonly KnownMail[];
  /** Name the arriving mail: it comes after its own answers. */
  answers: readonly KnownMail[];
  /** Same words in the subject and at least two people in common, latest first. */
  similar: readonly KnownMail[];
}

export const correlationRules = ['none', 'in-reply-to', 'references', 'token', 'conversation-index'] as const;
export type CorrelationRule = (typeof correlationRules)[number];

export const suggestionRules = [
  'none',
  /** The sender was not on the mail that is answered. */
  'stranger',
  /** One of ours sends it on to people outside who were not on it. */
  'forward',
  /** An earlier mail of the thread is regarding something else. */
  'further-ancestor',
  /** Its answers were tracked before it. */
  'answered',
  'smart-matching',
] as const;
export type SuggestionRule = (typeof suggestionRules)[number];

export interface Correlation {
  rule: CorrelationRule;
  /** The nearest mail it belongs to. */
  mail: KnownMail | undefined;
  /** Handed down by itself. */
  regarding: Ref | null;
  /** For a person to decide: the mail whose regarding record may be meant, and why it is only offered. */
  suggestion: { mail: KnownMail; rule: SuggestionRule } | undefined;
}

/** In the documented order: In-Reply-To, then the references it stands for, token, conversation index; similar mail last. */
export function correlate(mail: ArrivingMail, found: Findings): Correlation {
  const [rule, ancestors] = firstMethod(found);
  const nearest = ancestors[0];
  if (nearest === undefined) {
    return { rule: 'none', mail: undefined, regarding: null, suggestion: offer(found) };
  }
  const donor = ancestors.find(({ regarding }) => regarding !== null);
  if (donor === undefined) return { rule, mail: nearest, regarding: null, suggestion: offer(found) };
  const doubt = doubtOf(mail, donor);
  if (doubt !== undefined) {
    return { rule, mail: nearest, regarding: null, suggestion: suggestionOf(donor, doubt) };
  }
  const regarding = donor.regarding === 'hidden' ? null : donor.regarding;
  const other = ancestors.find((each) => isAboutAnother(each, donor));
  return { rule, mail: nearest, regarding, suggestion: suggestionOf(other, 'further-ancestor') };
}

function firstMethod(found: Findings): [CorrelationRule, readonly KnownMail[]] {
  const [replied] = found.replied;
  if (replied !== undefined) return ['in-reply-to', [...found.replied, ...found.referenced]];
  if (found.referenced.length > 0) return ['references', found.referenced];
  if (found.token.length > 0) return ['token', found.token];
  return found.conversation.length > 0 ? ['conversation-index', found.conversation] : ['none', []];
}

/** Why the regarding record is not handed down by itself. */
function doubtOf(mail: ArrivingMail, { people }: KnownMail): SuggestionRule | undefined {
  const isKnown = (name: string): boolean => people.has(name);
  if (!mail.outgoing) return mail.sender.some(isKnown) ? undefined : 'stranger';
  return mail.outside.length > 0 && !mail.outside.some(isKnown) ? 'forward' : undefined;
}

function isAboutAnother({ regarding }: KnownMail, donor: KnownMail): boolean {
  if (regarding === null || regarding === 'hidden') return false;
  return donor.regarding === null || donor.regarding === 'hidden' || regarding.id !== donor.regarding.id;
}

function suggestionOf(mail: KnownMail | undefined, rule: SuggestionRule): Correlation['suggestion'] {
  return mail === undefined || mail.regarding === null || mail.regarding === 'hidden' ? undefined : { mail, rule };
}

function offer({ answers, similar }: Findings): Correlation['suggestion'] {
  const tells = ({ regarding }: KnownMail): boolean => regarding !== null && regarding !== 'hidden';
  return suggestionOf(answers.find(tells), 'answered') ?? suggestionOf(similar.find(tells), 'smart-matching');
}

const WORDS = 20;

/** The words of a subject that similar mails share, sorted: prefixes such as `RE:` and everything after the twentieth left out. */
export function subjectWords(subject: string): string[] {
  const bare = subject.slice(0, 1_000).replace(/^\s*(?:[\p{L}\p{N}_]{1,20}\s?:\s*)+/u, '');
  const words = bare.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(words)].slice(0, WORDS).sort();
}

/** Bytes of an Outlook conversation: 6 of time, 16 of a GUID; each answer adds 5. */
const HEADER = 22;
const ANSWER = 5;

/** The conversation that a base64 index begins with, in hexadecimal, and the whole index likewise; `null` for no index. */
export function readConversationIndex(index: string | null): { conversation: string; whole: string } | null {
  if (index === null || !/^[A-Za-z0-9+/]{20,2048}={0,2}$/.test(index.trim())) return null;
  try {
    const whole = [...atob(index.trim())].map((char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('');
    return whole.length < HEADER * 2 ? null : { conversation: whole.slice(0, HEADER * 2), whole };
  } catch {
    return null;
  }
}

/** How many answers two indexes of one conversation have in common: more is nearer. */
export function commonAnswers(one: string, other: string): number {
  let at = HEADER * 2;
  const step = ANSWER * 2;
  while (at + step <= Math.min(one.length, other.length) && one.slice(at, at + step) === other.slice(at, at + step))
    at += step;
  return (at - HEADER * 2) / step;
}
