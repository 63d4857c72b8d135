import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import { createDataverse } from '../../src/api/dataverse.ts';
import { createHttp } from '../../src/api/http.ts';
import { toBase64 } from '../../src/server/queue/base64.ts';
import { joinStreams } from '../../src/server/queue/streamed-body.ts';

const server = createServer();
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

test('the worker sends a mail with its attachments chunk by chunk, with its length, and a second time after a 401', async () => {
  const arrived: { length: string | undefined; body: Buffer }[] = [];
  server.on('request', (request, response) => {
    void buffer(request).then((body) => {
      arrived.push({ length: request.headers['content-length'], body });
      response.writeHead(arrived.length === 1 ? 401 : 200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const token = async (renew?: object) => (renew === undefined ? 'old' : 'new');
  const crm = createDataverse(createHttp({ fetch, baseUrl: `http://127.0.0.1:${port}`, token, join: joinStreams }));
  // Chunks that are no multiple of three.
  const chunks = [1_000, 1, 65_537, 2].map((size) => randomBytes(size));
  const bytes = Buffer.concat(chunks);
  let [open, most] = [0, 0];
  const stored = {
    size: bytes.length,
    async *chunks() {
      for (const chunk of chunks) {
        most = Math.max(most, (open += 1));
        yield Uint8Array.from(chunk);
        open -= 1;
      }
    },
  };
  const mail = (body: unknown) => ({ Subject: 'Grüße 🙂', Attachments: [{ filename: 'a', body }], Last: null });
  await crm.act('emails(1)/Microsoft.Dynamics.CRM.DeliverPromoteEmail', mail(toBase64(stored)));
  const whole = Buffer.from(JSON.stringify(mail(bytes.toString('base64'))));
  expect(arrived.map(({ length }) => length)).toEqual([String(whole.length), String(whole.length)]);
  for (const { body } of arrived) expect(body.equals(whole)).toBe(true);
  expect(most).toBe(1);
});
