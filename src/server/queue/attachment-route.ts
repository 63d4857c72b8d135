import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { isGuid } from '../../model/uuid.ts';
import { release } from '../db/release.ts';
import { HttpError } from '../http/errors.ts';
import type { Ledger } from './ledger.ts';
import { personOf } from './person.ts';

/** What the largest organisation allows, with room. */
const longest = 132 * 1024 * 1024;

/** Bytes go into the database as they come; the whole is never in memory. */
export function registerAttachmentRoute(server: FastifyInstance, ledger: Ledger): void {
  void server.register(async (scope) => {
    // Only here: elsewhere bytes are read whole.
    scope.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
    scope.put<{ Params: { id: string; part: string }; Body: Readable | undefined }>(
      '/sync/v1/changes/:id/attachments/:part',
      { bodyLimit: longest },
      async (request, reply) => {
        const person = await personOf(server, request);
        const { id, part } = request.params;
        if (!isGuid(id) || !/^\d{1,4}$/.test(part))
          throw new HttpError(400, 'The address names no attachment of a change.');
        if (request.headers['content-type'] !== 'application/octet-stream' || request.body === undefined)
          throw new HttpError(415, 'The bytes are sent as application/octet-stream.');
        await ledger.putAttachment(person.objectId, id, Number(part), limited(request.body));
        return reply.code(204).send();
      },
    );
  });
}

/** Each piece holds until the next is asked for. */
async function* limited(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let size = 0;
  for await (const piece of bytes) {
    size += piece.length;
    if (size > longest) throw new HttpError(413, 'An attachment is at most 132 MB long.');
    yield piece;
    release(piece);
  }
}
