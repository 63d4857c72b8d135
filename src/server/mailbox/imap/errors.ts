import { SourceError, type SourceErrorCode } from '../source.ts';

/** What imapflow hangs on an error; all of it only sometimes. */
interface ImapFailure {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly authenticationFailed?: unknown;
  readonly responseStatus?: unknown;
  readonly responseText?: unknown;
  readonly serverResponseCode?: unknown;
  readonly response?: unknown;
  readonly throttleReset?: unknown;
}

/** Response codes that mean the same whatever was asked (RFC 5530; [THROTTLED] and [OVERQUOTA] at login are Gmail's). */
const byResponseCode = new Map<string, SourceErrorCode>([
  ['AUTHENTICATIONFAILED', 'unauthorized'],
  ['EXPIRED', 'unauthorized'],
  ['CONTACTADMIN', 'unauthorized'],
  ['PRIVACYREQUIRED', 'unauthorized'],
  ['AUTHORIZATIONFAILED', 'forbidden'],
  ['NOPERM', 'forbidden'],
  ['UNAVAILABLE', 'unavailable'],
  ['INUSE', 'unavailable'],
  ['SERVERBUG', 'unavailable'],
  ['THROTTLED', 'throttled'],
  ['LIMIT', 'throttled'],
  ['OVERQUOTA', 'throttled'],
  ['NONEXISTENT', 'not-found'],
  ['TRYCREATE', 'not-found'],
]);

/** For servers that say why in words only: Exchange, Gmail, Courier, Dovecot's connection limit. */
const byWords: readonly (readonly [RegExp, SourceErrorCode])[] = [
  [
    /throttl|too many (simultaneous )?(connections|requests|commands)|maximum number of connections|rate limit/i,
    'throttled',
  ],
  [/authenticated but not connected/i, 'forbidden'],
  [/(temporar|internal|server).*(unavailable|error|fail)|unavailable|try (again )?later|shutting down/i, 'unavailable'],
];

const text = (value: unknown) => (typeof value === 'string' ? value : '');

/**
 * Names what went wrong. The original error is not kept as the cause: it quotes commands, and may quote mail.
 * @param otherwise what a plain refusal of the server means for what was asked
 */
export function toSourceError(error: unknown, otherwise: SourceErrorCode = 'refused'): SourceError {
  if (error instanceof SourceError) return error;
  const failure: ImapFailure = typeof error === 'object' && error !== null ? error : {};
  const responseCode = text(failure.serverResponseCode).toUpperCase();
  const words = [failure.reason, failure.responseText, failure.response].map(text).find((said) => said !== '') ?? '';
  const code = classify(failure, responseCode, words, otherwise);
  const said = [responseCode, words].filter((part) => part !== '').join(' ');
  const message = said === '' ? text(failure.message) || 'The mail server does not answer.' : said;
  const retryAfter = code === 'throttled' ? readBackoff(failure, words) : undefined;
  return new SourceError(code, `IMAP: ${message}`.slice(0, 300), retryAfter === undefined ? {} : { retryAfter });
}

function classify(
  failure: ImapFailure,
  responseCode: string,
  words: string,
  otherwise: SourceErrorCode,
): SourceErrorCode {
  if (failure.code === 'ETHROTTLE') return 'throttled';
  const known = byResponseCode.get(responseCode);
  if (known !== undefined) return known;
  const meant = byWords.find(([pattern]) => pattern.test(words));
  if (meant !== undefined) return meant[1];
  if (failure.authenticationFailed === true) return failure.code === undefined ? 'unauthorized' : 'unavailable';
  if (failure.responseStatus === 'NO' || failure.responseStatus === 'BAD') return otherwise;
  return 'unavailable';
}

/** Exchange: `Request is throttled. Suggested Backoff Time: 92415 milliseconds`. */
function readBackoff(failure: ImapFailure, words: string): number | undefined {
  if (typeof failure.throttleReset === 'number') return failure.throttleReset;
  const stated = /backoff time[:=\s]+(\d{1,9})/i.exec(words)?.[1];
  return stated === undefined ? undefined : Number(stated);
}
