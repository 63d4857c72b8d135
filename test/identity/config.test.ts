import { expect, test } from '@jest/globals';
import { readConfig } from '../../src/identity/config.ts';
import { createIdentity } from '../../src/identity/identity.ts';

const serve = (body: unknown, status = 200) => ({
  url: '/config.json',
  fetch: async () => Response.json(body, { status }),
});

test('the page learns where its CRM is and how to sign in', async () => {
  const local = { crmUrl: 'http://localhost:3000', tenantId: 'contoso', identity: { kind: 'local' } };
  expect(await readConfig(serve(local))).toEqual(local);
  const identity = {
    kind: 'msal',
    clientId: 'c1',
    authority: 'https://login.microsoftonline.com/contoso',
    scope: 'api://alongside/access',
    crmScope: 'https://contoso.crm4.dynamics.com/user_impersonation',
  };
  const real = { crmUrl: 'https://contoso.crm4.dynamics.com', tenantId: 'contoso', identity };
  expect(await readConfig(serve(real))).toEqual(real);
});

test.each([
  ['nothing', null],
  ['no address', { tenantId: 'contoso', identity: { kind: 'local' } }],
  ['an unknown way to sign in', { crmUrl: 'http://localhost:3000', tenantId: 'c', identity: { kind: 'magic' } }],
  ['half a way to sign in', { crmUrl: 'http://localhost:3000', tenantId: 'c', identity: { kind: 'msal' } }],
])('a configuration with %s is not believed', async (_what, body) => {
  await expect(readConfig(serve(body))).rejects.toMatchObject({ code: 'unavailable' });
});

test('a server that does not answer is "offline", one that fails is "unavailable"', async () => {
  await expect(
    readConfig({ url: '/config.json', fetch: () => Promise.reject(new TypeError('Failed to fetch')) }),
  ).rejects.toMatchObject({ code: 'offline' });
  await expect(readConfig(serve({}, 502))).rejects.toMatchObject({ code: 'unavailable' });
});

test('a Dataverse organisation and our own server are two audiences, signed in one after the other', async () => {
  const asked: string[] = [];
  let open = 0;
  const acquire = async ({ scopes }: { scopes: string[] }) => {
    open += 1;
    expect(open).toBe(1);
    asked.push(scopes.join());
    await Promise.resolve();
    open -= 1;
    return { accessToken: `for ${scopes.join()}`, expiresOn: new Date(3_600_000) };
  };
  const identity = createIdentity({
    settings: { kind: 'msal', clientId: 'c1', authority: 'https://login.example', scope: 'ours', crmScope: 'theirs' },
    origin: 'https://pane.example',
    loginHint: 'dana@contoso.example',
    fetch: () => Promise.reject(new Error('not used')),
    now: () => 0,
    loadClient: async () => ({ acquireTokenSilent: acquire, acquireTokenPopup: acquire }),
  });
  await identity.signIn();
  expect(asked).toEqual(['ours', 'theirs']);
  expect(await identity.crm.token()).toBe('for theirs');
  expect(await identity.server.token()).toBe('for ours');
});
