import { HttpError } from './errors.ts';

/**
 * What one user may ask of one web server within 300 seconds (Microsoft's "Service protection API limits"). A batch is one
 * request; the time it takes counts whole. People and application users are limited alike.
 */
export interface RequestLimits {
  requests: number;
  /** Combined time of all requests, of those at the same time as well. */
  executionSeconds: number;
  concurrent: number;
}

export const documentedLimits: RequestLimits = { requests: 6_000, executionSeconds: 1_200, concurrent: 52 };

/** One request that was let in. */
export interface Admission {
  remainingRequests: number;
  remainingMilliseconds: number;
  /** The request is over; later calls do nothing. */
  leave(executionMilliseconds: number): void;
}

const WINDOW = 300_000;
const BUCKET = 5_000;
const BUCKETS = WINDOW / BUCKET;
/** Two small arrays each: 8 MB when all of them are there. */
const USERS = 10_000;

/** What a user did in the window, in buckets of five seconds: as much memory for six thousand requests as for one. */
interface Usage {
  requests: Uint32Array;
  milliseconds: Float64Array;
  /** Number of the newest bucket since 1970. */
  newest: number;
  totalRequests: number;
  totalMilliseconds: number;
  active: number;
  /** Until then everything is refused, and why. */
  blocked: { until: number; error: (retryAfter: number) => HttpError } | undefined;
  /** How long the last refusal said to wait, and when it was said. */
  wait: number;
  refused: number;
}

/**
 * @param now milliseconds since 1970
 * @returns lets a user in. It costs less than a microsecond. @throws {HttpError} 429 with Retry-After
 */
export function createRequestLimits(limits: RequestLimits, now: () => number): (user: string) => Admission {
  const users = new Map<string, Usage>();
  return (user) => {
    const moment = now();
    const usage = users.get(user) ?? newUsage(users, user, moment);
    slide(usage, moment);
    demand(limits, usage, moment);
    usage.active += 1;
    usage.totalRequests += 1;
    add(usage.requests, usage.newest, 1);
    return {
      remainingRequests: limits.requests - usage.totalRequests,
      remainingMilliseconds: Math.max(0, limits.executionSeconds * 1_000 - usage.totalMilliseconds),
      leave: once((milliseconds: number) => {
        slide(usage, now());
        usage.active -= 1;
        usage.totalMilliseconds += milliseconds;
        add(usage.milliseconds, usage.newest, milliseconds);
      }),
    };
  };
}

function once(work: (milliseconds: number) => void): (milliseconds: number) => void {
  let done = false;
  return (milliseconds) => {
    if (!done) work(milliseconds);
    done = true;
  };
}

function add(buckets: Uint32Array | Float64Array, bucket: number, amount: number): void {
  const place = bucket % BUCKETS;
  buckets[place] = (buckets[place] ?? 0) + amount;
}

function newUsage(users: Map<string, Usage>, user: string, moment: number): Usage {
  if (users.size >= USERS) forget(users, moment);
  const usage: Usage = {
    requests: new Uint32Array(BUCKETS),
    milliseconds: new Float64Array(BUCKETS),
    newest: Math.floor(moment / BUCKET),
    totalRequests: 0,
    totalMilliseconds: 0,
    active: 0,
    blocked: undefined,
    wait: 0,
    refused: 0,
  };
  users.set(user, usage);
  return usage;
}

/** Those who did nothing in the window; when everybody did, the first tenth starts anew. */
function forget(users: Map<string, Usage>, moment: number): void {
  for (const [user, usage] of users) {
    if (usage.active === 0 && (usage.newest + BUCKETS) * BUCKET < moment) users.delete(user);
  }
  for (const [user, usage] of users) {
    if (users.size <= USERS * 0.9) return;
    if (usage.active === 0) users.delete(user);
  }
}

/** Empties the buckets that have left the window. */
function slide(usage: Usage, moment: number): void {
  const bucket = Math.floor(moment / BUCKET);
  const first = Math.max(usage.newest + 1, bucket - BUCKETS + 1);
  for (let each = first; each <= bucket; each += 1) {
    const place = each % BUCKETS;
    usage.totalRequests -= usage.requests[place] ?? 0;
    usage.totalMilliseconds -= usage.milliseconds[place] ?? 0;
    usage.requests[place] = 0;
    usage.milliseconds[place] = 0;
  }
  usage.newest = Math.max(usage.newest, bucket);
}

function demand(limits: RequestLimits, usage: Usage, moment: number): void {
  if (usage.blocked !== undefined && usage.blocked.until > moment) {
    const wait = longer(usage, moment, Math.ceil((usage.blocked.until - moment) / 1_000));
    usage.blocked.until = Math.max(usage.blocked.until, moment + wait * 1_000);
    throw usage.blocked.error(wait);
  }
  usage.blocked = undefined;
  if (usage.active >= limits.concurrent) throw concurrencyError(limits)(longer(usage, moment, 1));
  const error =
    usage.totalRequests >= limits.requests
      ? requestsError(limits)
      : usage.totalMilliseconds >= limits.executionSeconds * 1_000
        ? executionError(limits)
        : undefined;
  if (error === undefined) return;
  const wait = longer(usage, moment, untilBelow(limits, usage, moment));
  usage.blocked = { until: moment + wait * 1_000, error };
  throw error(wait);
}

/**
 * Who comes back before the time that was named is told twice as long, up to the whole window; several requests that are
 * under way at once are one push.
 */
function longer(usage: Usage, moment: number, least: number): number {
  const soon = moment < usage.refused + usage.wait * 1_000;
  const again = moment >= usage.refused + 1_000;
  const wait = !soon ? least : again ? usage.wait * 2 : usage.wait;
  usage.wait = Math.min(WINDOW / 1_000, Math.max(least, wait));
  if (!soon || again) usage.refused = moment;
  return usage.wait;
}

/** Seconds until enough has left the window. */
function untilBelow(limits: RequestLimits, usage: Usage, moment: number): number {
  let requests = usage.totalRequests;
  let milliseconds = usage.totalMilliseconds;
  for (let bucket = usage.newest - BUCKETS + 1; bucket <= usage.newest; bucket += 1) {
    requests -= usage.requests[bucket % BUCKETS] ?? 0;
    milliseconds -= usage.milliseconds[bucket % BUCKETS] ?? 0;
    if (requests < limits.requests && milliseconds < limits.executionSeconds * 1_000)
      return Math.max(1, Math.ceil(((bucket + BUCKETS) * BUCKET - moment) / 1_000));
  }
  return WINDOW / 1_000;
}

const tooMany = (code: string, message: string) => (retryAfter: number) =>
  new HttpError(429, message, code, { 'retry-after': String(retryAfter) });

const requestsError = ({ requests }: RequestLimits) =>
  tooMany(
    '0x80072322',
    `Number of requests exceeded the limit of ${requests} over time window of ${WINDOW / 1_000} seconds.`,
  );

const executionError = ({ executionSeconds }: RequestLimits) =>
  tooMany(
    '0x80072321',
    `Combined execution time of incoming requests exceeded limit of ${(executionSeconds * 1_000).toLocaleString('en-US')} milliseconds over time window of ${WINDOW / 1_000} seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.`,
  );

const concurrencyError = ({ concurrent }: RequestLimits) =>
  tooMany('0x80072326', `Number of concurrent requests exceeded the limit of ${concurrent}.`);
