import { readConfig } from '../identity/config.ts';
import { createIdentity } from '../identity/identity.ts';
import { CrmError } from '../model/errors.ts';
import { onCommand } from '../outlook/commands.ts';
import { officeReady } from '../outlook/office.ts';
import { createOfficeMailbox } from '../outlook/office-mailbox.ts';
import { startSync } from '../sync/compose.ts';
import { tellElsewhere } from '../sync/elsewhere.ts';
import { says, trackMessage, type TrackingSync } from './track-message.ts';

/** The composition of the ribbon commands: one small file for every runtime that Outlook gives to commands. */

/** Asked while the page loads: office.js gives up on a page that first asks when its command is invoked. */
const inOutlook = officeReady();

onCommand('trackMessage', async () => {
  if (!(await inOutlook)) return;
  const mailbox = createOfficeMailbox({ tracked: says.done });
  await trackMessage(mailbox, () => start(mailbox.user.address));
  tellElsewhere();
});

// office.js lets the ribbon call only after the page has said that it is there.
void officeReady();

async function start(user: string): Promise<TrackingSync> {
  const { origin } = location;
  const boundFetch = fetch.bind(globalThis);
  const config = await readConfig({ fetch: boundFetch, url: `${origin}/config.json` });
  const identity = createIdentity({
    settings: config.identity,
    origin,
    loginHint: user,
    fetch: boundFetch,
    now: Date.now,
    // MSAL would be four times this bundle. The Change waits on the device until the pane, which has it, is opened.
    loadClient: () => Promise.reject(new CrmError('unauthorized', 'Open the pane to sign in.')),
  });
  return startSync({
    crmUrl: config.crmUrl,
    syncUrl: `${origin}/sync/v1/`,
    tenantId: config.tenantId,
    user,
    crmToken: (request) => identity.crm.token(request),
    syncToken: (request) => identity.server.token(request),
    fetch: boundFetch,
    report: () => undefined,
  });
}
