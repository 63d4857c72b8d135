import { CrmError } from '../model/errors.ts';
import type { Dataverse } from './dataverse.ts';
import { query } from './dialect.ts';
import { number } from './row.ts';

/** The documented default of `organization.maxuploadfilesize`: 5 MiB. */
const documentedDefault = 5 * 1024 * 1024;

/** Bytes the organisation takes per attachment, asked once and remembered; a user who may not read it gets the default. */
export function createAttachmentLimit(crm: Dataverse): () => Promise<number> {
  let known: Promise<number> | null = null;
  const ask = async (): Promise<number> => {
    try {
      const [organization] = await crm.list(query('organizations', { select: ['maxuploadfilesize'], top: 1 }));
      return (organization && number(organization, 'maxuploadfilesize')) ?? documentedDefault;
    } catch (error) {
      if (error instanceof CrmError && (error.code === 'forbidden' || error.code === 'refused'))
        return documentedDefault;
      known = null;
      throw error;
    }
  };
  return () => (known ??= ask());
}
