import { byServer, choice, lookup, memo, plain, text } from '../metadata.ts';

/** Columns of our own, under our own prefix: why an e-mail belongs where it does, and what may be meant besides. */
export const correlationColumns = {
  alongside_correlationrule: byServer(
    choice('Joined By', { 0: 'None', 1: 'In-Reply-To', 2: 'References', 3: 'Tracking Token', 4: 'Conversation Index' }),
  ),
  alongside_suggestedactivityid: byServer(lookup('May Belong To', 'email')),
  alongside_suggestionrule: byServer(
    choice('Suggested Because', {
      0: 'None',
      1: 'The sender was not on the e-mail that is answered',
      2: 'Forwarded to people outside',
      3: 'An earlier e-mail is about another record',
      4: 'Its answers were tracked before',
      5: 'Same subject and people',
    }),
  ),
  /** Why it was not sent, or not to everybody; also a synchronising server says so here. */
  alongside_senderror: text('Sending Failed Because', 500),
};

export const resolutionColumns = {
  alongside_resolutionrule: byServer(
    choice('Found By', {
      0: 'Nobody has the address',
      1: 'The only match',
      2: 'Owned by the owner of the mailbox',
      3: 'First in the order of tables',
      4: 'Every match',
      5: 'Several match: left open',
      6: 'Too many match',
    }),
  ),
};

export const trackingSettings = {
  /** Characters of a token behind its prefix; the last two are its check code. */
  trackingtokeniddigits: plain('Tracking Token Id Digits', 'integer', { initial: 8 }),
  emailcorrelationenabled: plain('Use Email Correlation', 'boolean', { initial: true }),
  hashminaddresscount: plain('Hash Min Address Count', 'integer', { initial: 2 }),
  /** `<OrgSettings><ResolveForInactiveEntities>true</ResolveForInactiveEntities>...</OrgSettings>` */
  orgdborgsettings: memo('Organization Database Organization Settings', 100_000, { heavy: true }),
};
