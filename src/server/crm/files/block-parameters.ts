import { badRequest, shown } from '../../odata/bad-request.ts';
import { BLOCK } from '../../odata/files/blocks.ts';
import type { ApiResponse } from '../../odata/message.ts';
import type { Session } from '../../odata/session.ts';

/** Documented: before encoding, 64 bytes or less. */
const LONGEST_ID = 64;
const MOST_LISTED = 1_000;

/** Without groups that repeat: over millions of characters these would exhaust the stack. */
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

/** @throws {HttpError} 400 */
export function readBlockId(blockId: string): string {
  const bytes = blockId.length <= 100 && isBase64(blockId) ? Buffer.from(blockId, 'base64').length : 0;
  if (bytes === 0 || bytes > LONGEST_ID)
    throw badRequest(`The BlockId "${shown(blockId)}" is not base64 of 1 to ${LONGEST_ID} bytes.`, '0x80048d19');
  return blockId;
}

/** @throws {HttpError} 400 for what is no base64 or more than 4 MB */
export function readBlockData(data: string): Buffer {
  if (data.length > Math.ceil(BLOCK / 3) * 4)
    throw badRequest(`The BlockData holds more than ${BLOCK} bytes.`, '0x80048d19');
  if (!isBase64(data)) throw badRequest('The BlockData is not base64.', '0x80048d19');
  const bytes = Buffer.from(data, 'base64');
  if (bytes.length > BLOCK) throw badRequest(`The BlockData holds more than ${BLOCK} bytes.`, '0x80048d19');
  return bytes;
}

/** @throws {HttpError} 400 for anything but a list of texts, each once */
export function readBlockList(list: unknown): string[] {
  const isList = Array.isArray(list) && list.length > 0 && list.length <= MOST_LISTED;
  if (!isList || !list.every((each) => typeof each === 'string'))
    throw badRequest(`The parameter BlockList must be a list of 1 to ${MOST_LISTED} texts.`, '0x80048d19');
  if (new Set(list).size < list.length) throw badRequest('The parameter BlockList names a block twice.', '0x80048d19');
  return list;
}

/** The structure that a message of this name answers with. */
export function answerWith({ root }: Session, message: string, fields: Record<string, unknown>): ApiResponse {
  const context = `${root}$metadata#Microsoft.Dynamics.CRM.${message}Response`;
  return { status: 200, headers: {}, body: { '@odata.context': context, ...fields } };
}
