import * as v from 'valibot';
import type { DraftFields } from '../draft.ts';
import type { Person } from '../graph.ts';
import { call, CODE, done, failed } from '../protocol/dispatch.ts';
import type { Call } from '../protocol/dispatch.ts';
import { wireAddress, wireAttachment } from '../protocol/initial-data.ts';
import { toBase64 } from './bytes.ts';
import { asHtml } from './item.ts';
import { composing } from './scene.ts';
import type { Scene } from './scene.ts';

const none = v.unknown();
const TEXT = 0;
const fieldNames = ['to', 'cc', 'bcc'] as const;
const recipientField = v.picklist([0, 1, 2]);
const recipients = v.object({
  recipientField,
  recipientArray: v.array(v.object({ address: v.string(), name: v.optional(v.nullable(v.string()), '') })),
});
const content = v.object({ data: v.string(), coercionType: v.optional(v.number(), TEXT) });
const headerNames = v.object({ internetHeaderKeys: v.array(v.string()) });
const MAX_RECIPIENTS = 500;

const recipientCalls: readonly Call<Scene>[] = [
  call(15, 'recipients.getAsync', 'ReadItem', v.object({ recipientField }), ({ recipientField: field }, scene: Scene) =>
    done(composing(scene).fields()[fieldNames[field]].map(wireAddress)),
  ),
  call(21, 'recipients.setAsync', 'ReadWriteItem', recipients, (given, scene: Scene) =>
    setRecipients(scene, fieldNames[given.recipientField], given.recipientArray.map(asPerson)),
  ),
  call(22, 'recipients.addAsync', 'ReadWriteItem', recipients, (given, scene: Scene) => {
    const field = fieldNames[given.recipientField];
    const before = composing(scene).fields()[field];
    return setRecipients(scene, field, [...before, ...given.recipientArray.map(asPerson)]);
  }),
  call(107, 'from.getAsync', 'ReadItem', none, (_, scene: Scene) => done(wireAddress(scene.user))),
];

const asPerson = ({ name, address }: { name: string | null; address: string }): Person => ({
  name: name ?? '',
  address,
});

function setRecipients(scene: Scene, field: 'to' | 'cc' | 'bcc', people: readonly Person[]) {
  if (people.length > MAX_RECIPIENTS) return failed(CODE.tooManyRecipients);
  composing(scene).change({ [field]: people });
  return done();
}

const bodyCalls: readonly Call<Scene>[] = [
  call(18, 'subject.getAsync', 'ReadItem', none, (_, scene: Scene) => done(composing(scene).fields().subject)),
  call(
    17,
    'subject.setAsync',
    'ReadWriteItem',
    v.object({ subject: v.pipe(v.string(), v.maxLength(255)) }),
    ({ subject }, scene: Scene) => changed(scene, { subject }),
  ),
  call(14, 'body.getTypeAsync', 'ReadItem', none, (_, scene: Scene) => done(composing(scene).fields().bodyType)),
  call(38, 'body.setAsync', 'ReadWriteItem', content, (given, scene: Scene) =>
    changed(scene, { body: fitted(given, scene) }),
  ),
  call(23, 'body.prependAsync', 'ReadWriteItem', content, (given, scene: Scene) =>
    changed(scene, { body: fitted(given, scene) + composing(scene).fields().body }),
  ),
  ...[13, 29].map((id) =>
    call(id, 'setSelectedDataAsync', 'ReadWriteItem', content, (given, scene: Scene) => {
      composing(scene).insert(fitted(given, scene));
      return done();
    }),
  ),
  call(174, 'getComposeTypeAsync', 'ReadItem', none, (_, scene: Scene) => {
    const draft = composing(scene);
    return done({ composeType: draft.composeType, coercionType: draft.fields().bodyType });
  }),
];

function changed(scene: Scene, patch: Partial<DraftFields>) {
  composing(scene).change(patch);
  return done();
}

/** Content in the format the draft has: HTML into a text mail loses its tags, text into HTML keeps its lines. */
function fitted(given: { data: string; coercionType: number }, scene: Scene): string {
  const isText = given.coercionType === TEXT;
  if (composing(scene).fields().bodyType === 'text') return isText ? given.data : scene.toText(given.data);
  return isText ? asHtml(given.data) : given.data;
}

const headerCalls: readonly Call<Scene>[] = [
  call(151, 'internetHeaders.getAsync', 'ReadItem', headerNames, ({ internetHeaderKeys }, scene: Scene) => {
    const { headers } = composing(scene).fields();
    return done(Object.fromEntries(Object.entries(headers).filter(([name]) => internetHeaderKeys.includes(name))));
  }),
  call(
    152,
    'internetHeaders.setAsync',
    'ReadWriteItem',
    v.object({ internetHeaderNameValuePairs: v.record(v.string(), v.string()) }),
    ({ internetHeaderNameValuePairs }, scene: Scene) =>
      changed(scene, { headers: { ...composing(scene).fields().headers, ...internetHeaderNameValuePairs } }),
  ),
  call(153, 'internetHeaders.removeAsync', 'ReadWriteItem', headerNames, ({ internetHeaderKeys }, scene: Scene) => {
    const kept = Object.entries(composing(scene).fields().headers);
    return changed(scene, { headers: Object.fromEntries(kept.filter(([name]) => !internetHeaderKeys.includes(name))) });
  }),
];

const attachmentCalls: readonly Call<Scene>[] = [
  call(149, 'getAttachmentsAsync', 'ReadItem', none, (_, scene: Scene) =>
    done(composing(scene).fields().attachments.map(wireAttachment)),
  ),
  call(
    148,
    'addFileAttachmentFromBase64Async',
    'ReadWriteItem',
    v.object({ base64String: v.string(), name: v.string(), isInline: v.optional(v.nullable(v.boolean()), false) }),
    ({ base64String, name, isInline }, scene: Scene) =>
      done(composing(scene).attach(name, 'application/octet-stream', base64String, isInline ?? false).id),
  ),
  call(
    19,
    'addItemAttachmentAsync',
    'ReadWriteItem',
    v.object({ itemId: v.string(), name: v.string() }),
    async ({ itemId, name }, scene: Scene) => {
      const draft = composing(scene);
      const mime = new Uint8Array(await scene.graph.mime(itemId));
      return done(draft.attach(name, 'message/rfc822', toBase64(mime)).id);
    },
  ),
  call(
    20,
    'removeAttachmentAsync',
    'ReadWriteItem',
    v.object({ attachmentIndex: v.string() }),
    (given, scene: Scene) => (composing(scene).detach(given.attachmentIndex) ? done() : failed(CODE.attachmentMissing)),
  ),
];

const formCalls: readonly Call<Scene>[] = [
  call(32, 'saveAsync', 'ReadWriteItem', none, async (_, scene: Scene) => {
    const id = await composing(scene).save();
    scene.shell.mailboxChanged();
    return done(id);
  }),
  call(164, 'getItemIdAsync', 'ReadItem', none, (_, scene: Scene) => {
    const id = composing(scene).id();
    return id === null ? failed(CODE.itemNotSaved) : done(id);
  }),
  call(41, 'close', null, none, (_, scene: Scene) => {
    scene.shell.closeForm(composing(scene));
    return done();
  }),
];

const pair = v.object({ name: v.string(), value: v.string() });
const key = v.object({ name: v.string() });

const sessionDataCalls: readonly Call<Scene>[] = [
  call(185, 'sessionData.setAsync', 'ReadWriteItem', pair, ({ name, value }, scene: Scene) => {
    composing(scene).sessionData.set(name, value);
    return done();
  }),
  call(186, 'sessionData.getAsync', 'ReadWriteItem', key, ({ name }, scene: Scene) => {
    const value = composing(scene).sessionData.get(name);
    return value === undefined ? failed(CODE.keyNotFound) : done(value);
  }),
  call(187, 'sessionData.getAllAsync', 'ReadWriteItem', none, (_, scene: Scene) =>
    done(Object.fromEntries(composing(scene).sessionData)),
  ),
  call(188, 'sessionData.clearAsync', 'ReadWriteItem', none, (_, scene: Scene) => {
    composing(scene).sessionData.clear();
    return done();
  }),
  call(189, 'sessionData.removeAsync', 'ReadWriteItem', key, ({ name }, scene: Scene) => {
    composing(scene).sessionData.delete(name);
    return done();
  }),
];

export const composeCalls: readonly Call<Scene>[] = [
  ...recipientCalls,
  ...bodyCalls,
  ...headerCalls,
  ...attachmentCalls,
  ...formCalls,
  ...sessionDataCalls,
];
