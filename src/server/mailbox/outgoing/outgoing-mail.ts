import type { MailAddress } from '../../../model/message.ts';

/** An e-mail of the CRM as it is to leave, with everything that people or other systems wrote into it unchecked. */
export interface OutgoingMail {
  /** activityid */
  readonly id: string;
  readonly from: MailAddress;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly bcc: readonly MailAddress[];
  readonly subject: string;
  readonly html: string;
  readonly importance: 'low' | 'normal' | 'high';
  readonly readReceipt: boolean;
  /** The mail that is answered, and those before it, oldest first; Message-IDs in angle brackets. */
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  readonly attachments: readonly OutgoingAttachment[];
}

export interface OutgoingAttachment {
  readonly name: string;
  readonly contentType: string;
  readonly contentId: string | null;
  readonly bytes: Uint8Array;
}

export type UnsendableCode = 'no-sender' | 'no-recipient' | 'bad-address' | 'too-large' | 'too-many' | 'unreadable';

/** This e-mail cannot become a mail, now or later: a person must change it. The message is for people. */
export class Unsendable extends Error {
  override readonly name = 'Unsendable';
  readonly code: UnsendableCode;

  constructor(code: UnsendableCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
