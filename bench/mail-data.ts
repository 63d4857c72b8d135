// A mailbox for bench/mails.ts: threads of four between one of ours and a customer, HTML as programs write it, some with a file.
import type { MailSource, SourceItem } from '../src/server/mailbox/source.ts';
import { folders } from './mailbox-services.ts';

const ours = 'dana@contoso.example';
export const customers = 300;
export const customer = (number: number) => `kim${number % customers}@fabrikam.example`;

const perThread = 4;
const sentence =
  'What was agreed on Tuesday, once more in writing =E2=80=93 please have a look at the numbers below=2E';
const file = Buffer.alloc(100_000, 'A page of a plan. ').toString('base64').replace(/.{76}/g, '$&\r\n');

/** One of many mails, as its bytes: every fourth begins a thread, the next answer it; every tenth brings 100 kB. */
function mailOf(number: number): Uint8Array {
  const thread = Math.floor(number / perThread);
  const step = number % perThread;
  const ids = Array.from({ length: step }, (_, at) => `<${thread}.${at}@fabrikam.example>`);
  const [from, to] = peopleOf(number);
  const lines = [
    `Received: from mx.fabrikam.example by mx.contoso.example; Fri, 20 Nov 2026 08:${minuteOf(number)}:01 +0000`,
    `From: "Kim Abercrombie" <${from}>`,
    `To: "Dana Whitfield" <${to}>, colleague${thread % 50}@contoso.example`,
    `Subject: ${step === 0 ? '' : 'Re: '}=?utf-8?Q?Angebot_f=C3=BCr_Auftrag_${thread}?=`,
    `Date: Fri, 20 Nov 2026 08:${minuteOf(number)}:00 +0000`,
    `Message-ID: <${thread}.${step}@fabrikam.example>`,
    ...(step === 0 ? [] : [`In-Reply-To: ${ids.at(-1)}`, `References: ${ids.join('\r\n ')}`]),
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="=_m"',
    '',
    '--=_m',
    'Content-Type: multipart/alternative; boundary="=_a"',
    '',
    ...bodyOf(
      'text/plain',
      Array.from({ length: 20 }, () => sentence),
    ),
    ...bodyOf('text/html', [
      '<html><body>',
      ...Array.from({ length: 20 }, () => `<p style=3D"margin:0">${sentence}</p>`),
      '</body></html>',
    ]),
    '--=_a--',
    ...(number % 10 === 0 ? fileOf(number) : []),
    '--=_m--',
    '',
  ];
  return new TextEncoder().encode(lines.join('\r\n'));
}

function bodyOf(type: string, lines: readonly string[]): string[] {
  return ['--=_a', `Content-Type: ${type}; charset=utf-8`, 'Content-Transfer-Encoding: quoted-printable', '', ...lines];
}

function fileOf(number: number): string[] {
  return [
    '--=_m',
    `Content-Type: application/pdf; name="plan-${number}.pdf"`,
    'Content-Disposition: attachment',
    'Content-Transfer-Encoding: base64',
    '',
    file,
  ];
}

const minuteOf = (number: number) => 15 + (number % 40);

function peopleOf(number: number): [from: string, to: string] {
  const people: [string, string] = [customer(Math.floor(number / perThread)), ours];
  return (number % perThread) % 2 === 0 ? people : [people[1], people[0]];
}

function itemOf(number: number): SourceItem {
  const [from, to] = peopleOf(number).map((address) => ({ name: '', address }));
  return {
    ...{ id: String(number), folderId: 'inbox', version: '1', size: 10_000, cc: [], bcc: [] },
    ...{ isDraft: false, isMarked: false, sensitivity: 'normal', from: from ?? null, to: to === undefined ? [] : [to] },
    internetMessageId: `<${Math.floor(number / perThread)}.${number % perThread}@fabrikam.example>`,
    subject: `Angebot für Auftrag ${Math.floor(number / perThread)}`,
    sentAt: `2026-11-20T08:${minuteOf(number)}:00.000Z`,
    receivedAt: `2026-11-20T08:${minuteOf(number)}:01.000Z`,
  };
}

const page = 100;

/** A mailbox whose Inbox holds so many mails. */
export function fullMailbox(mails: number): MailSource {
  return {
    folders: async () => folders,
    async changes(folder, cursor) {
      const from = folder === 'inbox' ? Number(cursor ?? 0) : mails;
      const to = Math.min(from + page, mails);
      const items = Array.from({ length: to - from }, (_, index) => itemOf(from + index));
      return { items, gone: [], cursor: String(to), more: to < mails };
    },
    mime: async (id) => mailOf(Number(id)),
    mark: async () => false,
    count: async () => mails,
    send: async () => undefined,
    close: async () => undefined,
  };
}
