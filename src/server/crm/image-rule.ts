import { randomUUID } from 'node:crypto';
import { badRequest } from '../odata/bad-request.ts';
import type { TableRule } from '../odata/session.ts';
import { imageType } from './image-type.ts';

/** As the definition of the column says (MaxSizeInKB). */
const LARGEST = 10_240 * 1_024;
const FAILED = '0x80072553';

/**
 * The picture of a row has a kind that cannot run, a size, and beside it where to load it from.
 * https://learn.microsoft.com/power-apps/developer/data-platform/image-column-data
 */
export const imageRule = (table: string): TableRule => ({
  async beforeWrite({ values, session }) {
    const image = values.get('entityimage');
    if (image === undefined) return;
    if (!(image instanceof Uint8Array)) {
      for (const name of ['entityimageid', 'entityimage_timestamp', 'entityimage_url']) values.set(name, null);
      return;
    }
    if (image.length > LARGEST)
      throw badRequest(
        `Error occured when processing image. Reason: File size is too big. MaxSize: ${LARGEST / 1_048_576} MB, Uploaded filesize: ${Math.ceil(image.length / 1_048_576)} MB.`,
        FAILED,
      );
    if (imageType(image) === undefined)
      throw badRequest(
        `Error occured when processing image. Reason: entityimage of ${table} is not a GIF, JPEG, TIFF, BMP or PNG.`,
        FAILED,
      );
    const [id, stamp] = [randomUUID(), session.now().getTime()];
    values.set('entityimageid', id);
    values.set('entityimage_timestamp', stamp);
    values.set(
      'entityimage_url',
      `/Image/download.aspx?Entity=${table}&Attribute=entityimage&Id=${id}&Timestamp=${stamp}`,
    );
  },
});
