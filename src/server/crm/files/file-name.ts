import { HttpError } from '../../http/errors.ts';
import { badRequest } from '../../odata/bad-request.ts';
import { nameColumn, type FilePlace } from '../../odata/files/place.ts';
import type { Session } from '../../odata/session.ts';
import { ending } from '../mail/attachments.ts';
import { readMailSettings } from '../mail/settings.ts';

const LONGEST = 255;

/** @throws {HttpError} 400 for an empty or too long name, or an ending that the organisation blocks */
export async function demandAllowedName(
  session: Session,
  { table, column }: Pick<FilePlace, 'table' | 'column'>,
  filename: string,
): Promise<void> {
  const longest = nameColumn(table, column)?.length ?? LONGEST;
  if (filename === '' || filename.length > longest)
    throw badRequest(`The name of the file must have 1 to ${longest} characters.`, '0x80044331');
  const { blocked } = (await readMailSettings(session)).attachments;
  if (blocked.has(ending(filename))) throw new HttpError(400, 'The attachment is not a valid file type.', '0x80043e09');
}
