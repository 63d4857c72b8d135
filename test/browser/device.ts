import type { TrackChange } from '../../src/model/change.ts';
import { trackChange } from '../sync/samples.ts';
import type { Outlook } from './outlook.ts';
import { layChanges } from './outbox-database.ts';

/** The states of a device as a place where changes wait, brought about as they come about. The pane is open beside a mail. */

const subject = 'They named the machine Bertha';
const user = 'dana@contoso.example';

/** Opens the pane anew, as after a restart of Outlook. */
async function reopen(outlook: Outlook, says: string): Promise<void> {
  await outlook.page.reload();
  await outlook.read(subject);
  await outlook.says(says);
}

/** A change has waited for four days, and nobody answers yet. */
export async function waitForDays(outlook: Outlook): Promise<TrackChange> {
  outlook.fault('server-unreachable');
  await reopen(outlook, 'Not known');
  const at = new Date(Date.now() - 4 * 24 * 60 * 60 * 1_000).toISOString();
  const change = trackChange({ at });
  await layChanges(await outlook.paneFrame(), `alongside.${user}`, [change]);
  await reopen(outlook, 'Not known');
  return change;
}

/** The sign-in has ended; answers how to give it back. */
export async function signOut(outlook: Outlook): Promise<() => Promise<void>> {
  const token = '**/identity/token';
  await outlook.context.route(token, (route) =>
    // The local Outlook around the pane has a sign-in of its own.
    route.request().frame().parentFrame() === null ? route.continue() : route.fulfill({ status: 401, body: '{}' }),
  );
  await reopen(outlook, 'Not known');
  return () => outlook.context.unroute(token);
}

/** The device takes nothing more. */
export async function fillUp(outlook: Outlook): Promise<void> {
  await reopen(outlook, 'Not tracked');
  const session = await outlook.context.newCDPSession(outlook.page);
  const { origin } = new URL(outlook.stack.addinUrl);
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
}

/** Somebody cleared the outbox while changes waited in it. */
export async function loseChanges(outlook: Outlook, count: number): Promise<void> {
  await reopen(outlook, 'Not tracked');
  const pane = await outlook.paneFrame();
  const key = `alongside.waiting.${user}`;
  await pane.evaluate(([name, value]) => localStorage.setItem(name, value), [key, String(count)] as const);
  await reopen(outlook, 'Not tracked');
}
