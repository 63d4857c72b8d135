import * as v from 'valibot';
import type { Person } from '../graph.ts';
import { call, CODE, done, failed } from '../protocol/dispatch.ts';
import type { Call } from '../protocol/dispatch.ts';
import { wireCategory } from './item.ts';
import { formAttachments } from './read.ts';
import type { Scene } from './scene.ts';

const none = v.unknown();
const text = v.optional(v.nullable(v.string()), '');
const addresses = v.pipe(
  v.optional(v.nullable(v.array(v.string())), []),
  v.transform((list): readonly Person[] => (list ?? []).map((address) => ({ name: '', address }))),
);
const newMessage = v.object({
  toRecipients: addresses,
  ccRecipients: addresses,
  bccRecipients: addresses,
  subject: text,
  htmlBody: text,
  attachments: v.optional(v.nullable(v.array(v.array(v.unknown()))), []),
});

const SETTINGS = 'alongside.roamingSettings';
const MAX_SETTINGS = 32 * 1024;
const settings = v.pipe(v.array(v.record(v.string(), v.unknown())), v.length(1));

/** Calls on the mailbox and on Outlook itself: they need no item of a certain kind. */
export const mailboxCalls: readonly Call<Scene>[] = [
  ...[8, 179].map((id) =>
    call(id, 'displayMessageForm', 'ReadItem', v.object({ itemId: v.string() }), ({ itemId }, scene: Scene) => {
      scene.shell.openMessage(itemId);
      return done();
    }),
  ),
  ...[44, 178].map((id) =>
    call(id, 'displayNewMessageForm', 'ReadItem', newMessage, (form, scene: Scene) => {
      scene.shell.newMessage({
        to: form.toRecipients,
        cc: form.ccRecipients,
        bcc: form.bccRecipients,
        subject: form.subject ?? '',
        body: form.htmlBody ?? '',
        attachments: formAttachments(form.attachments),
      });
      return done();
    }),
  ),

  call(160, 'masterCategories.getAsync', 'ReadWriteMailbox', none, async (_, scene: Scene) =>
    done((await scene.graph.masterCategories()).map(wireCategory)),
  ),
  call(
    161,
    'masterCategories.addAsync',
    'ReadWriteMailbox',
    v.object({ categoryDetails: v.array(v.object({ displayName: v.string(), color: v.string() })) }),
    async ({ categoryDetails }, scene: Scene) => {
      const known = new Set((await scene.graph.masterCategories()).map(({ displayName }) => displayName));
      if (categoryDetails.some(({ displayName }) => known.has(displayName))) return failed(CODE.duplicateCategory);
      for (const { displayName, color } of categoryDetails) {
        await scene.graph.createMasterCategory({ displayName, color: color.charAt(0).toLowerCase() + color.slice(1) });
      }
      return done();
    },
  ),

  // One object in an array: the complete set, which replaces the stored one.
  call(404, 'roamingSettings.saveAsync', null, settings, async ([set], scene: Scene) => {
    if (JSON.stringify(set).length > MAX_SETTINGS) return failed(CODE.settingsNotSaved);
    await scene.graph.writeExtension(null, SETTINGS, set ?? {});
    return done();
  }),
  call(403, 'window.open', null, v.object({ launchUrl: v.string() }), ({ launchUrl }, scene: Scene) => {
    scene.shell.openWindow(launchUrl);
    return done();
  }),

  // Consent, telemetry and tracing of the library: nothing to do here, but it waits for a word.
  ...[40, 163, 193, 400, 401, 402].map((id) => call(id, 'library notice', null, none, (): object => done())),
];

export const readRoamingSettings = (scene: Pick<Scene, 'graph'>) => scene.graph.readExtension(null, SETTINGS);
