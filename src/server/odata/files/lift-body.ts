import { Readable } from 'node:stream';
import type { FastifyRequest, RequestPayload } from 'fastify';
import type { Database } from '../../db/open.ts';
import { HttpError, toHttpError } from '../../http/errors.ts';
import { liftFiles, type Lifted } from '../parse/lift-files.ts';
import { dropFile, openFile, type KeptFile } from './pieces.ts';

/** The mails that are delivered: in base64, the largest attachment that the original's setting allows (128 MB), with room. */
export const LARGEST_DELIVERY = 180 * 1024 * 1024;
/** Bodies up to so many bytes are read whole. */
const WHOLE = 1024 * 1024;

/** The files of one request, which were stored while it was read. */
export interface LiftedFiles {
  readonly found: ReadonlyMap<string, KeptFile>;
  /** Of those that are nobody's: once the request is answered. Never rejects; what stays behind is swept. */
  drop(): Promise<void>;
}

declare module 'fastify' {
  interface FastifyRequest {
    lifted: LiftedFiles | undefined;
  }
}

/** What is left of a mail's body on its way in: the bytes of long attachments go to the database meanwhile. */
export function liftBody(
  request: FastifyRequest,
  payload: RequestPayload,
  { database: { db }, now }: { database: Database; now: () => Date },
): RequestPayload {
  const length = Number(request.headers['content-length'] ?? Infinity);
  if (request.method !== 'POST' || length <= WHOLE) return payload;
  // What goes on is shorter.
  delete request.raw.headers['content-length'];
  const begun: string[] = [];
  const found = new Map<string, KeptFile>();
  const drop = async () => {
    for (const fileid of begun) await dropFile(db, fileid).catch(() => undefined);
  };
  const begin = async (): Promise<Lifted> => {
    const { fileid, write } = await openFile(db, now).catch(rethrow);
    begun.push(fileid);
    return {
      write: (piece) => write(piece).catch(rethrow),
      end(size) {
        const name = `file:${fileid}`;
        if (size !== undefined) found.set(name, { fileid, size });
        return name;
      },
    };
  };
  request.lifted = { found, drop };
  return Readable.from(read(liftFiles(limited(payload), 'body', begin), drop), { objectMode: false });
}

async function* read(body: AsyncIterable<Buffer>, drop: () => Promise<void>): AsyncGenerator<Buffer, void> {
  let isWhole = false;
  try {
    yield* body;
    isWhole = true;
  } finally {
    // Nobody will answer a request that broke off.
    if (!isWhole) await drop();
  }
}

async function* limited(payload: RequestPayload): AsyncGenerator<Uint8Array, void> {
  let size = 0;
  // Destroyed, it would take the connection with it, and the answer.
  for await (const piece of payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    size += piece.length;
    if (size > LARGEST_DELIVERY)
      throw new HttpError(413, `The body is larger than ${LARGEST_DELIVERY} bytes.`, '0x80044331');
    yield piece;
  }
}

/** The framework calls every other failure of a body the client's. */
function rethrow(error: unknown): never {
  throw Object.assign(toHttpError(error), { cause: error });
}
