import type { RecordedMail } from '../../model/change.ts';
import { identifyMail, type Digest } from '../../model/item-key.ts';
import type { ReadMail } from './mime/read-mail.ts';
import type { SourceItem } from './source.ts';

/** The mail as a Change records it: the same as the pane would have, so that both make one e-mail of it. */
export async function recordMail(
  { message, headers, bodyHtml, attachments }: ReadMail,
  item: SourceItem,
  { tenantId, digest, headersOnly }: { tenantId: string; digest: Digest; headersOnly: boolean },
): Promise<RecordedMail> {
  const { subject, from, to, cc, bcc, sentAt, importance } = message;
  return {
    ...(await identifyMail(tenantId, message, digest)),
    ...{ subject, from, to, cc, bcc, sentAt, importance },
    receivedAt: Number.isNaN(Date.parse(item.receivedAt)) ? null : item.receivedAt,
    bodyHtml: headersOnly ? '' : bodyHtml,
    attachments: headersOnly
      ? []
      : attachments.map(({ name, contentType, bytes }, index) => ({
          ...{ index, name, contentType, size: bytes.byteLength, leftOut: null },
        })),
    headers,
  };
}
