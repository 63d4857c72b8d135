import { HttpError } from './errors.ts';

/**
 * Listening on loopback keeps the network out, not the browser: any page may send requests to localhost, and a name may be
 * made to point there (DNS rebinding). So the name that was asked for and the page that asks must both be ours.
 * @param hosts host names without port, as they stand in a URL
 * @param origins other origins than the server's own that may call it
 */
export function createLoopbackCheck(hosts: readonly string[], origins: readonly string[] = []) {
  return (host: string | undefined, origin: string | undefined): void => {
    const name = hostName(host);
    if (name === undefined || !hosts.includes(name)) throw new HttpError(403, 'This address is not served here.');
    if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return;
    if (!origins.includes(origin)) throw new HttpError(403, 'This page may not call the server.');
  };
}

export const loopbackHosts = ['localhost', '127.0.0.1', '[::1]'];

function hostName(host: string | undefined): string | undefined {
  const url = `http://${host ?? ''}`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
