import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Admission, RequestLimits } from './request-limits.ts';
import { createRequestLimits } from './request-limits.ts';
import type { Identity } from './tokens.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** `identify`, for a request that counts against its user's limits. @throws {HttpError} 401, 429 */
    admit(request: FastifyRequest): Promise<Identity>;
  }
  interface FastifyRequest {
    admission: Admission | undefined;
    /** When its handler began, its body being read: a slow sender is not charged for the network. */
    began: number | undefined;
  }
}

export interface AdmissionOptions {
  limits?: RequestLimits | undefined;
  /** Object ids of those who pace themselves. */
  unlimited?: ReadonlySet<string> | undefined;
  /** Milliseconds since 1970. */
  now: () => number;
}

/**
 * Counts requests from the moment they are known to come from somebody until their answer is ready. It counts whoever
 * signed in, as the original does: an application user that acts for many people has one allowance.
 */
export function registerAdmission(server: FastifyInstance, { limits, unlimited, now }: AdmissionOptions): void {
  const enter = limits === undefined ? undefined : createRequestLimits(limits, now);
  server.decorateRequest('admission', undefined);
  server.decorateRequest('began', undefined);
  server.decorate('admit', async (request: FastifyRequest) => {
    const identity = await server.identify(request);
    const admission = unlimited?.has(identity.objectId) === true ? undefined : enter?.(identity.objectId);
    request.admission = admission;
    // A body that breaks off never reaches a handler, and no answer is sent for it.
    if (admission !== undefined) request.raw.once('close', () => request.raw.complete || admission.leave(0));
    return identity;
  });
  if (enter === undefined) return;
  server.addHook('preHandler', (request, _reply, done) => {
    request.began = now();
    done();
  });
  // Also when the client has gone away meanwhile: the work was done all the same.
  server.addHook('onSend', (request, reply, payload, done) => {
    const { admission, began } = request;
    if (admission !== undefined) {
      const spent = began === undefined ? 0 : now() - began;
      admission.leave(spent);
      void reply
        .header('x-ms-ratelimit-burst-remaining-xrm-requests', String(admission.remainingRequests))
        .header(
          'x-ms-ratelimit-time-remaining-xrm-requests',
          grouped(Math.max(0, admission.remainingMilliseconds - spent) / 1_000),
        );
    }
    done(null, payload);
  });
}

/** 1,199.97 */
function grouped(seconds: number): string {
  return seconds.toFixed(2).replace(/\d(?=(?:\d{3})+\.)/g, '$&,');
}
