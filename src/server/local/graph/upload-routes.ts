// Upload sessions for files of 3 to 150 MB: https://learn.microsoft.com/graph/api/attachment-createuploadsession
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isObject } from '../../../model/is-object.ts';
import { openDraft } from './draft-routes.ts';
import { badRequest, GraphError, notFound, tooLarge } from './errors.ts';
import { partId } from '../mailbox/names.ts';
import { bodyOf, originOf, paramsOf, textOf, type GraphParts, type Route } from './request.ts';
import type { UploadSession, UploadSessions } from './upload-sessions.ts';

const [smallest, largest] = [3_000_000, 150 * 1024 * 1024];

const fileOf = (body: ReturnType<typeof bodyOf>): Pick<UploadSession, 'file' | 'size'> => {
  const item = body['AttachmentItem'] ?? body['attachmentItem'];
  if (!isObject(item)) throw badRequest("The parameter 'AttachmentItem' is required.");
  if (textOf('attachmentType', item['attachmentType']).toLowerCase() !== 'file')
    throw badRequest('Only files can be uploaded: attachmentType is file.');
  const { size } = item;
  if (typeof size !== 'number' || !Number.isSafeInteger(size))
    throw badRequest("The property 'size' must be a number.");
  if (size < smallest)
    throw new GraphError(
      400,
      'ErrorAttachmentSizeShouldNotBeLessThanMinimumSize',
      'The attachment is smaller than the minimum size of an upload session.',
    );
  if (size > largest) throw tooLarge();
  const file = {
    name: textOf('name', item['name']),
    contentType: typeof item['contentType'] === 'string' ? item['contentType'] : 'application/octet-stream',
    contentId: typeof item['contentId'] === 'string' ? item['contentId'] : null,
    inline: item['isInline'] === true,
  };
  return { file, size };
};

export const registerUploadStart = (app: FastifyInstance, parts: GraphParts, uploads: UploadSessions, open: Route) => {
  app.post('/messages/:id/attachments/createUploadSession', async (request, reply) => {
    const { owner, mail } = await openDraft(open, request);
    const { file, size } = fileOf(bodyOf(request));
    const attached = parts.drafts.attachments(mail.key).reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    if (attached + size > parts.misbehaves.current.largestMessage) throw tooLarge();
    const { id, token, expires } = uploads.create({ owner, key: mail.key, file, size });
    return reply.code(201).send({
      '@odata.context': `${originOf(request)}/graph/v1.0/$metadata#microsoft.graph.uploadSession`,
      uploadUrl: `${originOf(request)}/graph/v1.0/AttachmentSessions/${id}?authtoken=${token}`,
      expirationDateTime: new Date(expires).toISOString(),
      nextExpectedRanges: ['0-'],
    });
  });
};

const rangeOf = (request: FastifyRequest, size: number) => {
  const [, from = '', to = '', total = ''] =
    /^bytes (\d{1,12})-(\d{1,12})\/(\d{1,12})$/.exec(String(request.headers['content-range'] ?? '')) ?? [];
  const { body } = request;
  if (!Buffer.isBuffer(body)) throw badRequest('Content-Type is application/octet-stream.');
  if (from === '' || Number(total) !== size || Number(to) - Number(from) + 1 !== body.length)
    throw badRequest('The Content-Range header does not fit the content or the file.');
  return { from: Number(from), body };
};

/** The addresses that sessions are given: they carry their own token, and one of Graph's must not come here. */
export const registerUploads = async (app: FastifyInstance, parts: GraphParts, uploads: UploadSessions) => {
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => body);

  const sessionOf = (request: FastifyRequest): UploadSession => {
    const session = uploads.find(paramsOf(request).id);
    if (session === null || parts.drafts.read(session.key) === null) throw notFound('upload session');
    if (request.headers.authorization !== undefined)
      throw new GraphError(401, 'InvalidAudience', 'The audience claim value is invalid for the current resource.');
    if ((request.query as Record<string, unknown>)['authtoken'] !== session.token)
      throw new GraphError(401, 'ErrorAccessDenied', 'Access is denied. Check credentials and try again.');
    if (uploads.isOver(session)) throw new GraphError(410, 'ErrorItemNotFound', 'The upload session has expired.');
    return session;
  };

  /** Which spelling the list of ranges has depends on the day: microsoftgraph/msgraph-sdk-serviceissues, issue 39. */
  const statusOf = ({ expires, received }: UploadSession) => ({
    ExpirationDateTime: new Date(expires).toISOString(),
    [parts.misbehaves.current.capitalRanges ? 'NextExpectedRanges' : 'nextExpectedRanges']: [String(received)],
  });

  app.get('/AttachmentSessions/:id', async (request) => statusOf(sessionOf(request)));

  app.delete('/AttachmentSessions/:id', async (request, reply) => {
    uploads.remove(sessionOf(request).id);
    return reply.code(204).send();
  });

  app.put('/AttachmentSessions/:id', async (request, reply) => {
    const session = sessionOf(request);
    const { owner, key, file, size } = session;
    const { from, body } = rangeOf(request, size);
    if (from !== session.received)
      throw new GraphError(416, 'ErrorInvalidRange', 'The range is not the one that is expected next.');
    const kept = body.subarray(0, parts.misbehaves.takeKept() ?? body.length);
    session.ranges.push(kept);
    session.received += kept.length;
    if (session.received < size) return statusOf(session);
    uploads.remove(session.id);
    parts.drafts.addAttachment(owner, key, { ...file, bytes: Buffer.concat(session.ranges) });
    parts.changed(owner.address);
    const place = `Attachments('${partId(parts.drafts.attachments(key).length - 1)}')`;
    return reply
      .code(201)
      .header('location', `${originOf(request)}/graph/v1.0/${place}`)
      .send();
  });
};
