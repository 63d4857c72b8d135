import type { NoteTried } from '../../src/api/trial.ts';
import type { Random } from '../fuzz/random.ts';
import type { Clock } from './clock.ts';
import { asError, type Program } from './program.ts';
import { around } from './random.ts';
import { spoil, type Trouble } from './trouble.ts';

/** The network between programs: a message is under way for a while, and may be met by trouble. */
export interface Network {
  /** `fetch` as a program has it; `changeId` is carried beside its requests for the checker. */
  fetchOf(program: Program, changeId?: string): typeof fetch;
  /** Whoever answers at an origin from now on. */
  serve(origin: string, host: Host): void;
  /** Every request that carries out a Change, whether it arrived or not, and each time one was noted as tried. */
  readonly sent: readonly { readonly changeId: string; readonly what: string; readonly at: number }[];
  /** `note` as `apply` takes it, with an eye on it for the checker. */
  watchNotes(changeId: string, note: NoteTried): NoteTried;
  /** Open connections between a program and an origin break. */
  reset(name: string, origin: string): void;
}

export interface Host {
  /** The program that answers; null: it never stops. */
  readonly program: Program | null;
  answer(request: WireRequest): Promise<WireAnswer>;
}

export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
  readonly bytes: Uint8Array | null;
  readonly changeId: string | null;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | LiveBody;
}

/** A body that goes on: server-sent events. */
export interface LiveBody {
  listen(onText: (text: string) => void, onEnd: () => void): void;
  close(): void;
}

export interface NetworkOptions {
  readonly clock: Clock;
  readonly randomOf: (link: string) => Random;
  /** What happens to the next message on a link; null: nothing. */
  readonly troubleOf: (from: string, origin: string, method: string) => Trouble | null;
  readonly tell: (who: string, what: string) => void;
}

interface Connection {
  readonly name: string;
  readonly origin: string;
  readonly host: Host;
  readonly break: () => void;
}

/** Milliseconds on the way, one way. */
const usual = 20;

export function createNetwork({ clock, randomOf, troubleOf, tell }: NetworkOptions): Network {
  const hosts = new Map<string, Host>();
  const connections = new Set<Connection>();
  const sent: { changeId: string; what: string; at: number }[] = [];

  const exchange = (program: Program, request: WireRequest, signal: AbortSignal | null): Promise<Response> =>
    new Promise((resolve, reject) => {
      const { origin } = request.url;
      const { changeId, method } = request;
      if (changeId !== null) sent.push({ changeId, what: method, at: clock.now() });
      const random = randomOf(`${program.name} ${origin}`);
      const trouble = troubleOf(program.name, origin, method);
      const host = hosts.get(origin);
      /** A frozen program hears nothing before it goes on. */
      const hear = (then: () => void): void => (program.asleep ? void program.after(0, then) : then());
      const fail = (cause: unknown): void => {
        connections.delete(connection);
        if (program.alive) hear(() => reject(asError(cause)));
      };
      const connection: Connection = {
        name: program.name,
        origin,
        host: host ?? nobody,
        break: () => fail(new TypeError('fetch failed')),
      };
      const deliver = (answer: WireAnswer): void => {
        if (!connections.delete(connection) || !program.alive) return close(answer);
        const { body } = answer;
        if (typeof body === 'string') return resolve(new Response(body === '' ? null : body, answer));
        resolve(new Response(openStream(program, connection, body, signal), answer));
      };
      const arrive = async (): Promise<void> => {
        if (host === undefined || isDown(host)) return fail(new TypeError('fetch failed'));
        const answer = await host.answer(request);
        if (isDown(host) || !connections.has(connection)) return close(answer);
        const spoilt = spoil(trouble, answer);
        if (spoilt === 'lost') close(answer);
        const back = around(random, usual) + (trouble?.kind === 'late' ? trouble.delay : 0);
        clock.after(back, () =>
          spoilt === 'lost' ? fail(new TypeError('fetch failed')) : hear(() => deliver(spoilt)),
        );
      };
      /** The other legs of a connection: streams are read in the order in which they were written. */
      const openStream = (reader: Program, open: Connection, live: LiveBody, ending: AbortSignal | null) =>
        streamOver(live, {
          ending,
          after: (delay, ring) => reader.after(delay, ring),
          delay: () => around(random, usual),
          opened: (breaks) => {
            const kept = { ...open, break: breaks };
            connections.add(kept);
            reader.onKill(breaks);
            return () => connections.delete(kept);
          },
        });

      if (signal?.aborted) return reject(asError(signal.reason));
      signal?.addEventListener('abort', () => fail(signal.reason), { once: true });
      connections.add(connection);
      if (trouble !== null) tell(program.name, `${request.method} ${nameOf(request)} meets ${trouble.kind}`);
      const early = trouble === null ? null : spoilBefore(trouble, clock.now());
      const there = around(random, usual) + (trouble?.kind === 'stuck' ? trouble.delay : 0);
      clock.after(there, () => {
        if (early === 'lost') fail(new TypeError('fetch failed'));
        else if (early !== null) hear(() => deliver(early));
        else void arrive();
      });
    });

  return {
    fetchOf: (program, changeId) => async (input, init) => {
      const { body = null, method = 'GET', headers, signal = null } = init ?? {};
      const bytes = body instanceof Blob ? new Uint8Array(await clock.during(body.arrayBuffer())) : null;
      return exchange(
        program,
        {
          method,
          url: new URL(input as string),
          headers: new Headers(headers),
          body: typeof body === 'string' ? body : new TextDecoder().decode(bytes ?? undefined),
          bytes,
          changeId: changeId ?? null,
        },
        signal,
      );
    },
    sent,
    watchNotes: (changeId, note) => (tried) => {
      if (tried !== null) sent.push({ changeId, what: 'note', at: clock.now() });
      return note(tried);
    },
    serve(origin, host) {
      hosts.set(origin, host);
      host.program?.onKill(() => {
        for (const connection of [...connections]) if (connection.host === host) connection.break();
      });
    },
    reset(name, origin) {
      for (const connection of [...connections])
        if (connection.name === name && connection.origin === origin) connection.break();
    },
  };
}

const nobody: Host = {
  program: null,
  answer: () => Promise.reject(new TypeError('nobody listens')),
};

function isDown({ program }: Host): boolean {
  return program !== null && !program.alive;
}

function nameOf({ url }: WireRequest): string {
  return decodeURIComponent(url.pathname).replace(/^\/(api\/data\/v9\.2|sync\/v1)\//, '');
}

function close({ body }: WireAnswer): void {
  if (typeof body !== 'string') body.close();
}

/** What is answered on the way, before the request arrives. */
function spoilBefore(trouble: Trouble, now: number): WireAnswer | 'lost' | null {
  return trouble.kind === 'cut-before' ? 'lost' : (trouble.instead?.(now) ?? null);
}

interface Streaming {
  readonly ending: AbortSignal | null;
  readonly after: (delay: number, ring: () => void) => void;
  readonly delay: () => number;
  readonly opened: (breaks: () => void) => () => void;
}

function streamOver(live: LiveBody, { ending, after, delay, opened }: Streaming): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const waiting: (() => void)[] = [];
  let over = false;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const end = (how: () => void) => {
        if (over) return;
        over = true;
        forget();
        live.close();
        how();
      };
      const later = (what: () => void) => {
        waiting.push(what);
        after(delay(), () => waiting.shift()?.());
      };
      const forget = opened(() => end(() => controller.error(new TypeError('terminated'))));
      ending?.addEventListener('abort', () => end(() => controller.error(ending.reason)), { once: true });
      live.listen(
        (text) => later(() => over || controller.enqueue(encoder.encode(text))),
        () => later(() => end(() => controller.close())),
      );
    },
    cancel() {
      over = true;
      live.close();
    },
  });
}
