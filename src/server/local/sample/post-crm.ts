// Puts the sample into the CRM through its own front door, as any client would: one $batch with one change set.
import type { FastifyInstance } from 'fastify';
import type { Identity } from '../identity.ts';
import { localUsers } from '../identity.ts';
import { crmSample } from './crm.ts';
import type { Payload } from './crm-rows.ts';

const root = '/api/data/v9.2/';

const batchOf = (payloads: Payload[]) => {
  const operations = payloads.map(({ path, body }, index) =>
    [
      '--changes',
      'Content-Type: application/http',
      'Content-Transfer-Encoding: binary',
      `Content-ID: ${index + 1}`,
      '',
      `PATCH ${root}${path} HTTP/1.1`,
      'Content-Type: application/json',
      '',
      JSON.stringify(body),
      '',
    ].join('\r\n'),
  );
  return [
    '--batch',
    'Content-Type: multipart/mixed; boundary=changes',
    '',
    ...operations,
    '--changes--',
    '',
    '--batch--',
    '',
  ].join('\r\n');
};

const sampleUserId = async (app: FastifyInstance, identity: Identity, address: string): Promise<string> => {
  const { accessToken } = await identity.token(address);
  const answer = await app.inject({
    url: `${root}WhoAmI`,
    headers: { authorization: `Bearer ${accessToken}`, host: 'localhost' },
  });
  if (answer.statusCode !== 200) throw new Error(`The CRM does not know ${address}: ${answer.body}`);
  return answer.json<{ UserId: string }>().UserId;
};

/** @throws when the CRM refuses; then nothing of the sample is in it. */
export const postSample = async (app: FastifyInstance, identity: Identity, now: number) => {
  const [dana, miguel] = await Promise.all(localUsers.map(({ address }) => sampleUserId(app, identity, address)));
  const { accessToken } = await identity.token();
  const answer = await app.inject({
    method: 'POST',
    url: `${root}$batch`,
    headers: {
      authorization: `Bearer ${accessToken}`,
      host: 'localhost',
      'content-type': 'multipart/mixed; boundary=batch',
    },
    payload: batchOf(crmSample({ now, dana: dana ?? '', miguel: miguel ?? '' })),
  });
  const refused = /^HTTP\/1\.1 [45]\d\d[^]*/m.exec(answer.body)?.[0];
  if (answer.statusCode !== 200 || refused)
    throw new Error(`The CRM refused the sample: ${(refused ?? answer.body).slice(0, 2000)}`);
};
