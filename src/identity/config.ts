import * as v from 'valibot';
import { CrmError } from '../model/errors.ts';

const Config = v.object({
  /** Origin of the CRM: our own or a Dataverse organisation. */
  crmUrl: v.pipe(v.string(), v.url()),
  tenantId: v.pipe(v.string(), v.minLength(1)),
  identity: v.variant('kind', [
    v.object({ kind: v.literal('local') }),
    v.object({
      kind: v.literal('msal'),
      clientId: v.pipe(v.string(), v.minLength(1)),
      authority: v.pipe(v.string(), v.url()),
      /** Of our own server. */
      scope: v.pipe(v.string(), v.minLength(1)),
      /** Of a Dataverse organisation, which is another audience; absent with the built-in CRM. */
      crmScope: v.optional(v.pipe(v.string(), v.minLength(1))),
    }),
  ]),
});

/** What a page must know before it can ask anybody anything. Holds no secret. */
export type PageConfig = v.InferOutput<typeof Config>;

/** Reads `/config.json`. Rejects with CrmError `offline` or `unavailable`. */
export async function readConfig(options: { fetch: typeof fetch; url: string }): Promise<PageConfig> {
  const response = await options.fetch(options.url).catch((cause: unknown) => {
    throw new CrmError('offline', 'The server does not answer.', {}, cause);
  });
  if (!response.ok) {
    throw new CrmError('unavailable', `The server answered ${response.status}.`, { status: response.status });
  }
  const config = v.safeParse(Config, await response.json().catch(() => null));
  if (!config.success) throw new CrmError('unavailable', 'The server gave a configuration that makes no sense.');
  return config.output;
}
