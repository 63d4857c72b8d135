import { Agent, request } from 'node:http';
import { addressOf, type BadInput } from '../test/bad-input/bad-input.ts';
import { inAddresses } from '../test/bad-input/addresses.ts';
import { inBatches } from '../test/bad-input/batches.ts';
import { inBodies } from '../test/bad-input/bodies.ts';
import { inColumns } from '../test/bad-input/columns.ts';
import { inHeaders } from '../test/bad-input/headers.ts';
import { atMost, percentile } from './figure.ts';

const ROUNDS = 3;
/** What the test of the same table makes sure of; here it only says that the answers are those that are meant. */
const isRefusal = (status: number) => status >= 400 && status < 500;

/** The whole table of bad inputs, one after the other, a few times: the slowest answer counts, the very first ones as well. */
export async function measureMalformed(
  url: string,
  headers: Record<string, string>,
  conditions: Record<string, unknown>,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const all = [...inAddresses(), ...inHeaders(), ...inBodies(), ...inColumns(), ...inBatches()];
  // The queue is not part of this server: a large body would be refused unread, which a client may hear as a broken connection.
  const inputs = all.filter(({ path }) => !path.startsWith('/sync/'));
  const latencies: number[] = [];
  let slowest = { milliseconds: 0, input: '' };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const input of inputs) {
      const milliseconds = await timed(agent, url, headers, input);
      latencies.push(milliseconds);
      if (milliseconds > slowest.milliseconds) slowest = { milliseconds, input: `${input.where}: ${input.name}` };
    }
  }
  agent.destroy();
  const measured = { ...conditions, connections: 1, requests: latencies.length };
  atMost('crm: malformed requests, p99', percentile(latencies, 0.99), 'ms', 100, measured);
  atMost('crm: slowest malformed answer', slowest.milliseconds, 'ms', 100, { ...measured, slowest: slowest.input });
}

/** @returns milliseconds to the last byte. @throws {Error} for an answer that is no refusal */
function timed(agent: Agent, url: string, headers: Record<string, string>, input: BadInput): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const options = { agent, method: input.method, headers: { ...headers, ...input.headers } };
    const sending = request(`${url}${addressOf(input)}`, options, (response) => {
      response.resume();
      response.on('end', () => {
        if (isRefusal(response.statusCode ?? 0)) resolve(performance.now() - began);
        else reject(new Error(`${input.where}: ${input.name} answered ${response.statusCode}`));
      });
    });
    sending.on('error', reject);
    sending.end(input.body);
  });
}
