// sendMail with MIME: https://learn.microsoft.com/graph/api/user-sendmail (Example 4). Messages as JSON are written as drafts.
import type { FastifyInstance } from 'fastify';
import { badRequest, GraphError, sendAsDenied, tooLarge } from './errors.ts';
import type { GraphParts, Route } from './request.ts';

/** Graph takes no larger request. */
const largest = 4 * 1024 * 1024;

/** A request's body that is a mail in MIME format, as base64. @throws GraphError 400, 413 */
export const mimeOf = (body: unknown): Buffer => {
  if (typeof body !== 'string') throw badRequest('The local mailbox sends MIME only: Content-Type is text/plain.');
  if (body.length > largest) throw tooLarge();
  const text = body.replace(/\s/g, '');
  if (!text || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw new GraphError(400, 'ErrorMimeContentInvalidBase64String', 'Invalid base64 string for MIME content.');
  return Buffer.from(text, 'base64');
};

export const registerSendRoutes = (app: FastifyInstance, parts: GraphParts, open: Route) => {
  app.post('/sendMail', async (request, reply) => {
    const { owner } = await open(request);
    const raw = mimeOf(request.body);
    const { result, mailboxes } = await parts.sending.sendMime(owner, raw, parts.identity.mailboxesOf);
    switch (result) {
      case 'other-sender':
        throw sendAsDenied();
      case 'no-recipients':
        throw new GraphError(400, 'ErrorInvalidRecipients', 'At least one recipient is not valid.');
      case 'sent':
        new Set(mailboxes).forEach(parts.changed);
        return reply.code(202).send();
    }
  });
};
