export interface TokenRequest {
  /** A claims challenge the resource answered with; the token asked for must satisfy it. */
  readonly claims?: string;
  /** The resource refused the kept token: a new one, without asking the person. */
  readonly renew?: boolean;
  /** True only inside a click: a kept token is passed over and the person may be asked to sign in. */
  readonly interactive?: boolean;
}

/**
 * Where bearer tokens for the CRM and the queue come from. Answers with a token valid for another minute at least; at most
 * one request is under way. Rejects with CrmError `unauthorized` (sign in) or `offline` / `unavailable` (nobody to ask);
 * messages never contain a token.
 */
export interface TokenSource {
  token(request?: TokenRequest): Promise<string>;
}
