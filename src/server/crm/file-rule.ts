import { HttpError } from '../http/errors.ts';
import type { TableRule } from '../odata/session.ts';
import { ending } from './mail/attachments.ts';
import { readMailSettings } from './mail/settings.ts';

/** What the organisation allows for files of notes and attachments, whichever way they come in. @param body its column */
export const fileRule = (body: string): TableRule => ({
  async beforeWrite({ values, before, session }) {
    const content = values.get(body);
    const name = values.get('filename') ?? before?.['filename'];
    if (content instanceof Uint8Array) values.set('filesize', content.length);
    else if (content === null) values.set('filesize', 0);
    const type = values.has('mimetype') ? values.get('mimetype') : before?.['mimetype'];
    if (content instanceof Uint8Array && (type ?? '') === '') values.set('mimetype', 'application/octet-stream');
    if (!(content instanceof Uint8Array) && !values.has('filename')) return;
    const { bytes, blocked } = (await readMailSettings(session)).attachments;
    if (content instanceof Uint8Array && content.length > bytes)
      throw new HttpError(400, `The file is larger than ${bytes} bytes, the most that is allowed here.`, '0x80044a02');
    if (typeof name === 'string' && blocked.has(ending(name)))
      throw new HttpError(400, 'The attachment is not a valid file type.', '0x80043e09');
  },
});
