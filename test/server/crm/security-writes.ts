import type { Answer, Client } from '../world.ts';
import { kinds, type Verb } from './security-oracle.ts';
import { FILE, type Cluster, type SecurityWorld } from './security-world.ts';
import { note, target, type Block, type Rows } from './security-reads.ts';

export type Outcome = 'done' | 'no privilege' | 'no right' | 'not found';
type Attempt = (world: SecurityWorld, cluster: Cluster, name: string) => Promise<Answer>;

export function outcome({ status, body, text }: Answer): Outcome {
  const code = (body as { error?: { code: string } }).error?.code;
  if (status < 300) return 'done';
  if (status === 404 && code === '0x80040217') return 'not found';
  if (status === 403 && code === '0x80040220') return 'no privilege';
  if (status === 403 && code === '0x80048306') return 'no right';
  throw new Error(`${status} ${text}`);
}

/** Rows of their own for what cannot be undone. */
const onFresh =
  (attempt: (world: SecurityWorld, id: string) => Promise<Answer>): Attempt =>
  async (world, _, name) => {
    const id = await world.freshContact(`fresh ${name}`, kinds[name]!);
    const answer = await attempt(world, id);
    await world.admin.send('DELETE', `contacts(${id})`);
    return answer;
  };

const user = (id: string) => ({ systemuserid: id, '@odata.type': 'Microsoft.Dynamics.CRM.systemuser' });

/** Begins an upload, sends its one block and ends it; answers with the first step that was refused. */
export async function sendBlocks(reader: Client, messages: string, first: object, last: object): Promise<Answer> {
  const begun = await reader.send<Block>('POST', `Initialize${messages}BlocksUpload`, first);
  if (begun.status !== 200) return { ...begun, body: { ...begun.body } };
  const [BlockId, { FileContinuationToken }] = [FILE, begun.body];
  await reader.send('POST', 'UploadBlock', { BlockId, BlockData: FILE, FileContinuationToken });
  return reader.send('POST', `Commit${messages}BlocksUpload`, { ...last, BlockList: [BlockId], FileContinuationToken });
}

/** Every way to change a row, with the rights that it takes. */
export const attempts: [string, Verb[], Attempt][] = [
  ['PATCH', ['write'], ({ reader }, { contact }) => reader.send('PATCH', `contacts(${contact})`, { jobtitle: 'x' })],
  [
    'PUT of a property',
    ['write'],
    ({ reader }, { contact }) => reader.send('PUT', `contacts(${contact})/jobtitle`, { value: 'y' }),
  ],
  [
    'DELETE of a property',
    ['write'],
    ({ reader }, { contact }) => reader.send('DELETE', `contacts(${contact})/jobtitle`),
  ],
  [
    'lookup of the row',
    ['write', 'append'],
    async ({ admin, reader, hub, ids }, { contact }) => {
      const answer = await reader.send('PATCH', `contacts(${contact})`, {
        'parentcustomerid_account@odata.bind': `/accounts(${ids.get('other hub')!})`,
      });
      await admin.send('PATCH', `contacts(${contact})`, { 'parentcustomerid_account@odata.bind': `/accounts(${hub})` });
      return answer;
    },
  ],
  [
    'lookup to the row',
    ['appendTo'],
    async ({ admin, reader, hub }, { contact }) => {
      const answer = await reader.send('PATCH', `accounts(${hub})`, {
        'primarycontactid@odata.bind': `/contacts(${contact})`,
      });
      await admin.send('PATCH', `accounts(${hub})`, { 'primarycontactid@odata.bind': null });
      return answer;
    },
  ],
  [
    '$ref to the row',
    ['appendTo'],
    async ({ admin, reader, hub }, { contact }) => {
      const answer = await reader.send('PUT', `accounts(${hub})/primarycontactid/$ref`, {
        '@odata.id': `contacts(${contact})`,
      });
      await admin.send('DELETE', `accounts(${hub})/primarycontactid/$ref`);
      return answer;
    },
  ],
  [
    'assign',
    ['assign'],
    onFresh(({ reader, ids }, id) =>
      reader.send('PATCH', `contacts(${id})`, { 'ownerid@odata.bind': `/systemusers(${ids.get('nina')!})` }),
    ),
  ],
  [
    'assign and write',
    ['assign', 'write'],
    onFresh(({ reader, ids }, id) =>
      reader.send('PATCH', `contacts(${id})`, {
        jobtitle: 'z',
        'ownerid@odata.bind': `/systemusers(${ids.get('nina')!})`,
      }),
    ),
  ],
  ['DELETE', ['delete'], onFresh(({ reader }, id) => reader.send('DELETE', `contacts(${id})`))],
  [
    'GrantAccess',
    ['share', 'read'],
    onFresh(({ reader, ids }, id) =>
      reader.send('POST', 'GrantAccess', {
        Target: target(id),
        PrincipalAccess: { AccessMask: 'ReadAccess', Principal: user(ids.get('nina')!) },
      }),
    ),
  ],
  [
    'GrantAccess of a right to delete',
    ['share', 'delete'],
    onFresh(({ reader, ids }, id) =>
      reader.send('POST', 'GrantAccess', {
        Target: target(id),
        PrincipalAccess: { AccessMask: 'DeleteAccess', Principal: user(ids.get('nina')!) },
      }),
    ),
  ],
  [
    'RevokeAccess',
    ['share'],
    onFresh(({ reader, ids }, id) =>
      reader.send('POST', 'RevokeAccess', { Target: target(id), Revokee: user(ids.get('nina')!) }),
    ),
  ],
  [
    'a new party',
    ['write'],
    async ({ admin, reader }, { email }) => {
      const answer = await reader.send('POST', 'activityparties', {
        'activityid_email@odata.bind': `/emails(${email})`,
        addressused: 'x',
        participationtypemask: 3,
      });
      const id = /\(([^)]+)\)$/.exec(String(answer.headers['odata-entityid']))?.[1];
      if (id !== undefined) await admin.send('DELETE', `activityparties(${id})`);
      return answer;
    },
  ],
  [
    'parties replaced',
    ['write'],
    ({ reader }, { email }, name) =>
      reader.send('PATCH', `emails(${email})`, {
        email_activity_parties: [{ addressused: `${name}@out.example`, participationtypemask: 2 }],
      }),
  ],
  [
    'an attachment changed',
    ['write'],
    async ({ admin, reader }, { email }, name) => {
      const found = await admin.get<Rows>(`emails(${email})/email_activity_mime_attachment?$select=filename`);
      const id = String(found.body.value[0]!['activitymimeattachmentid']);
      return reader.send('PATCH', `activitymimeattachments(${id})`, { filename: name });
    },
  ],
  [
    'a file in blocks',
    ['write'],
    ({ reader }, { contact }) =>
      sendBlocks(
        reader,
        'File',
        { Target: target(contact), FileAttributeName: 'new_resume', FileName: 'resume.txt' },
        { FileName: 'resume.txt', MimeType: 'text/plain' },
      ),
  ],
  [
    'a file in chunks',
    ['write'],
    async ({ reader }, { contact }) => {
      const answer = await reader.send('PATCH', `contacts(${contact})/new_resume`, undefined, {
        'x-ms-transfer-mode': 'chunked',
        'x-ms-file-name': 'resume.txt',
      });
      if (answer.status !== 200) return answer;
      const place = String(answer.headers['location']).replace(/^.*\/v9\.2\//, '');
      return reader.send('PATCH', place, 'hi', {
        'content-type': 'application/octet-stream',
        'content-range': 'bytes 0-1/2',
      });
    },
  ],
  [
    'a raw file',
    ['write'],
    ({ reader }, { contact }) =>
      reader.send('PUT', `contacts(${contact})/new_resume`, 'hi', {
        'content-type': 'application/octet-stream',
        'x-ms-file-name': 'resume.txt',
      }),
  ],
  [
    'a note in blocks',
    ['write'],
    ({ reader }, cluster) => {
      const body = note(cluster.note, { filename: 'note.txt' });
      return sendBlocks(reader, 'Annotation', body, body);
    },
  ],
  [
    'an attachment in blocks',
    ['write'],
    async ({ admin, reader }, { email }) => {
      const Target = {
        '@odata.type': 'Microsoft.Dynamics.CRM.activitymimeattachment',
        'objectid_email@odata.bind': `emails(${email})`,
        filename: 'made.txt',
      };
      const answer = await sendBlocks(reader, 'Attachment', { Target }, { Target });
      const id = answer.body['ActivityMimeAttachmentId'];
      if (typeof id === 'string') await admin.send('DELETE', `activitymimeattachments(${id})`);
      return answer;
    },
  ],
];

export function changeSet(hub: string, contact: string, name: string): string {
  const part = (id: number, path: string, body: object) => [
    '--c',
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    `Content-ID: ${id}`,
    '',
    `PATCH /api/data/v9.2/${path} HTTP/1.1`,
    'Content-Type: application/json',
    '',
    JSON.stringify(body),
  ];
  return [
    '--b',
    'Content-Type: multipart/mixed; boundary=c',
    '',
    ...part(1, `accounts(${hub})`, { websiteurl: name }),
    ...part(2, `contacts(${contact})`, { jobtitle: 'w' }),
    '--c--',
    '--b--',
    '',
  ].join('\r\n');
}
