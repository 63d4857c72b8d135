import type { NestedAppClient, NestedAppSettings } from './nested-app.ts';

/** MSAL weighs 79 KB and is needed in production only, so it comes when the first token is asked for. After Office.onReady. */
export async function loadNestedAppClient(settings: NestedAppSettings): Promise<NestedAppClient> {
  const { createNestablePublicClientApplication } = await import('@azure/msal-browser');
  return createNestablePublicClientApplication({
    auth: { clientId: settings.clientId, authority: settings.authority, clientCapabilities: ['CP1'] },
    cache: { cacheLocation: 'localStorage' },
  });
}
