import { Agent, request } from 'node:http';

export interface Shot {
  method?: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface Result {
  perSecond: number;
  /** Milliseconds from sending to the last byte, one per request. */
  latencies: number[];
}

export const WARM_UP = 3;

/**
 * A closed loop: `connections` clients, each of which asks again as soon as it was answered. The first seconds are not
 * counted: what is compiled and kept for later is part of a server at work.
 * @throws {Error} with the first answer that is not a success
 */
export async function load(
  url: string,
  next: () => Shot,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Result> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const begin = performance.now() + WARM_UP * 1_000;
  const end = begin + seconds * 1_000;
  const latencies: number[] = [];
  const client = async (): Promise<void> => {
    for (let sent = performance.now(); sent < end;) {
      await shoot(agent, url, next());
      const answered = performance.now();
      if (sent >= begin && answered <= end) latencies.push(answered - sent);
      sent = answered;
    }
  };
  await Promise.all(Array.from({ length: connections }, client)).finally(() => agent.destroy());
  return { perSecond: latencies.length / seconds, latencies };
}

/** One after the other. @throws {Error} with the first answer that is not a success */
export async function sendAll(url: string, shots: Iterable<Shot>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    for (const shot of shots) await shoot(agent, url, shot);
  } finally {
    agent.destroy();
  }
}

/** One request over a kept connection. @returns the body */
function shoot(agent: Agent, url: string, { method = 'GET', path, headers, body }: Shot): Promise<string> {
  return new Promise((resolve, reject) => {
    const sending = request(`${url}${path}`, { agent, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode !== undefined && response.statusCode < 300) resolve(text);
        else reject(new Error(`${method} ${path} answered ${response.statusCode}: ${text.slice(0, 300)}`));
      });
    });
    sending.on('error', reject);
    sending.end(body);
  });
}
