import type { OpenMail } from '../../src/sync/gestures.ts';
import type { MailMessage } from '../../src/model/message.ts';
import type { Program } from './program.ts';

/** The mails that both people received; what is odd about each is what the identity of a mail must stand. */
export interface StoredMail {
  readonly name: string;
  readonly message: MailMessage;
  readonly attachments: readonly Uint8Array<ArrayBuffer>[];
}

function mail(name: string, differs: Partial<MailMessage>, attachments: readonly string[] = []): StoredMail {
  const bytes = attachments.map((text) => new TextEncoder().encode(text));
  return {
    name,
    attachments: bytes,
    message: {
      itemId: name,
      kind: 'received',
      internetMessageId: `<${name}@fabrikam.example>`,
      subject: `About the ${name}`,
      from: { name: 'Kim Abercrombie', address: 'kim@fabrikam.example' },
      to: [
        { name: 'Dana', address: 'dana@contoso.example' },
        { name: 'Miguel', address: 'miguel@contoso.example' },
      ],
      cc: [],
      bcc: [],
      sentAt: '2026-11-20T09:15:00.000Z',
      receivedAt: '2026-11-20T09:15:04.000Z',
      importance: 'normal',
      attachments: bytes.map(({ length: size }, index) => ({
        id: `${name}-${index}`,
        name: `${name}-${index}.txt`,
        contentType: 'text/plain',
        size,
        isInline: false,
      })),
      ...differs,
    },
  };
}

export const mails: readonly StoredMail[] = [
  mail('order', {}),
  mail('contract', {}, ['the first page', 'the second page']),
  mail('bounce', { internetMessageId: null, from: { name: '', address: 'mailer-daemon@fabrikam.example' } }),
  mail('forgery', {
    internetMessageId: '<order@fabrikam.example>',
    from: { name: 'Kim', address: 'mallory@evil.example' },
    subject: 'Invoice',
  }),
  mail('folded', { internetMessageId: ' <folded-\r\n id@fabrikam.example> (a comment)' }, ['a map']),
  mail('plain', {}),
];

/** A mail as it lies open in a pane. */
export function openMail(program: Program, { message, attachments }: StoredMail): OpenMail {
  return {
    message,
    readBodyHtml: () => program.call('the body of the mail', 5, () => `<p>${message.subject}</p>`),
    readAttachment: (id) =>
      program.call('an attachment of the mail', 15, () => {
        const index = message.attachments.findIndex((attachment) => attachment.id === id);
        return new Blob([attachments[index]!.slice()]);
      }),
  };
}
