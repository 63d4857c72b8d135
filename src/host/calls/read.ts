import * as v from 'valibot';
import type { Header } from '../graph.ts';
import { call, CODE, done, failed } from '../protocol/dispatch.ts';
import type { Call } from '../protocol/dispatch.ts';
import { isItemAttachment } from '../protocol/initial-data.ts';
import { bytesOf, toBase64 } from './bytes.ts';
import { reading } from './scene.ts';
import type { FormAttachment, ReplyForm, Scene } from './scene.ts';

const none = v.unknown();
/** A file that is itself a mail or a calendar comes as text in that format, everything else as base64. */
const textFormats = new Map([
  ['message/rfc822', 'eml'],
  ['text/calendar', 'iCalendar'],
]);

const wireAttachments = v.optional(v.nullable(v.array(v.array(v.unknown()))), []);
const replyParams = v.object({ htmlBody: v.optional(v.nullable(v.string()), ''), attachments: wireAttachments });

export const readCalls: readonly Call<Scene>[] = [
  call(150, 'getAttachmentContentAsync', 'ReadItem', v.object({ id: v.string() }), async ({ id }, scene: Scene) => {
    const { message, attachments } = reading(scene);
    const attachment = attachments.find((file) => file.id === id);
    if (!attachment) return failed(CODE.invalidAttachmentId);
    const bytes = await bytesOf(await scene.graph.attachment(message.id, id));
    const format = isItemAttachment(attachment) ? 'eml' : textFormats.get(attachment.contentType ?? '');
    if (format !== undefined) return done({ content: new TextDecoder().decode(bytes), format });
    return done({ content: toBase64(bytes), format: 'base64' });
  }),

  call(168, 'getAllInternetHeadersAsync', 'ReadItem', none, async (_, scene: Scene) =>
    done(asText(await scene.graph.headersOf(reading(scene).message.id))),
  ),

  ...[
    { id: 10, name: 'displayReplyForm', toAll: false },
    { id: 11, name: 'displayReplyAllForm', toAll: true },
    { id: 30, name: 'displayReplyForm', toAll: false },
    { id: 31, name: 'displayReplyAllForm', toAll: true },
    { id: 181, name: 'displayReplyFormAsync', toAll: false },
    { id: 182, name: 'displayReplyAllFormAsync', toAll: true },
    { id: 183, name: 'displayReplyFormAsync', toAll: false },
    { id: 184, name: 'displayReplyAllFormAsync', toAll: true },
  ].map(({ id, name, toAll }) =>
    call(id, name, 'ReadItem', replyParams, ({ htmlBody, attachments }, scene: Scene) => {
      const form: ReplyForm = { toAll, body: htmlBody ?? '', attachments: formAttachments(attachments) };
      scene.shell.reply(reading(scene), form);
      return done();
    }),
  ),
];

const asText = (headers: readonly Header[]): string =>
  headers.map(({ name, value }) => `${name}: ${value}\r\n`).join('');

/** On the wire a file is `["file", name, url, isInline]` and an item `["item", name, itemId]`. */
export function formAttachments(wire: readonly (readonly unknown[])[] | null | undefined): readonly FormAttachment[] {
  return (wire ?? []).map(([kind, name, source]) => ({
    kind: kind === 'item' ? 'item' : 'file',
    name: String(name),
    source: String(source),
  }));
}
