import { composeCalls } from './calls/compose.ts';
import { itemCalls } from './calls/item.ts';
import { mailboxCalls, readRoamingSettings } from './calls/mailbox.ts';
import { notificationCalls } from './calls/notifications.ts';
import { readCalls } from './calls/read.ts';
import { codeOf } from './calls/scene.ts';
import type { Scene, Shell } from './calls/scene.ts';
import { createFrames } from './frames.ts';
import { createGraph } from './graph.ts';
import type { Person } from './graph.ts';
import type { AddinManifest } from './manifest.ts';
import { createNotifications } from './notifications.ts';
import type { OpenItem } from './open-item.ts';
import { toText } from './plain-text.ts';
import { createDispatch } from './protocol/dispatch.ts';
import type { Dispatch } from './protocol/dispatch.ts';
import { createProtocolLog } from './protocol-log.ts';
import { createTokens } from './token.ts';

/** All calls an add-in with this manifest can make. */
export function outlookCalls(addin: Pick<AddinManifest, 'permission'>): Dispatch<Scene> {
  const calls = [...itemCalls, ...readCalls, ...composeCalls, ...notificationCalls, ...mailboxCalls];
  return createDispatch(calls, addin.permission, codeOf);
}

export type Outlook = ReturnType<typeof createOutlook>;

/** The local Outlook of one user, without its screen. */
export function createOutlook(addin: AddinManifest, user: Person, shell: Shell) {
  const request: typeof fetch = (input, init) => fetch(input, init);
  const token = createTokens(request, user.address, () => Date.now());
  const graph = createGraph({ fetch: request, base: '/graph/v1.0', token });
  const notifications = createNotifications();
  const log = createProtocolLog();
  const world = { graph, user, notifications, shell, toText };
  const frames = createFrames({
    addin,
    user,
    dispatch: outlookCalls(addin),
    sceneOf: (item: OpenItem | null): Scene => ({ ...world, item }),
    roamingSettings: () => readRoamingSettings({ graph }),
    log: log.add,
  });
  return { graph, notifications, log, frames };
}
