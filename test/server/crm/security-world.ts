import type { Database } from '../../../src/server/db/open.ts';
import { createWorld, dana, type Client, type Person as Somebody, type World } from '../world.ts';
import {
  HIERARCHY,
  kinds,
  people,
  teams,
  units,
  type Depth,
  type Holding,
  type Kind,
  type Person,
  type Team,
  type Unit,
  type Verb,
} from './security-oracle.ts';

/**
 * The ids of one kind: a contact with a file, a picture and a note, an e-mail with a party and an attachment, and the reader's own deal
 * about the contact.
 */
export interface Cluster {
  contact: string;
  /** Where the contact's picture is. */
  picture: string;
  note: string;
  email: string;
  attachment: string;
  deal: string;
}

export interface SecurityWorld {
  world: World;
  admin: Client;
  reader: Client;
  readerAs: Somebody;
  ids: Map<string, string>;
  clusters: Map<string, Cluster>;
  /** An account of the reader's own, above all contacts. */
  hub: string;
  /** Gives the reader these rights to contacts, notes and activities, and nothing else to them. */
  hold(holding: Holding): Promise<void>;
  /** One more contact of a kind, with its shares. */
  freshContact(name: string, kind: Kind): Promise<string>;
}

const crm = {
  organisation: 'Contoso',
  firstSignIn: 'create' as const,
  administrators: [dana.address],
  customTables: {
    publisher: 'new',
    columns: [{ table: 'contact', columns: [{ name: 'new_resume', label: 'Resume', type: 'file' }] }],
  },
};
/** What every file here holds, in base64; and every picture. */
export const FILE = 'aGk=';
export const PICTURE = 'R0lGODlhAQABAA==';

const VERBS: Record<Verb, string> = {
  read: 'Read',
  write: 'Write',
  append: 'Append',
  appendTo: 'AppendTo',
  delete: 'Delete',
  assign: 'Assign',
  share: 'Share',
};
const DEPTHS = { basic: 'Basic', local: 'Local', deep: 'Deep', global: 'Global' } as const;

/** The mail address of the contact of a kind. */
export function addressOf(name: string): string {
  return `${name.replaceAll(/\W+/g, '.')}@in.example`;
}

export function somebody(name: Person, index: number): Somebody {
  return {
    objectId: `d0000000-0000-4000-8000-0000000001${String(index).padStart(2, '0')}`,
    address: `${name}@contoso.example`,
    name,
  };
}

export async function createSecurityWorld(database: Database): Promise<SecurityWorld> {
  const world = await createWorld(database, { crm, limits: null });
  const admin = world.as(dana);
  const ids = new Map<string, string>();
  const at = (name: string) => ids.get(name)!;
  await makeUnits(admin, ids);
  await makePeople(world, admin, ids);
  await makeTeams(admin, ids);
  const readerAs = somebody('reader', 0);
  const roles = await makeRoles(admin);
  await link(admin, `systemusers(${at('reader')})/systemuserroles_association`, `roles(${roles.get('base')!})`);
  const hub = await admin.create('accounts', { name: 'hub', 'ownerid@odata.bind': `/systemusers(${at('reader')})` });
  const owner = (name: Person | Team) => ({
    'ownerid@odata.bind': `/${name in teams ? 'teams' : 'systemusers'}(${at(name)})`,
  });
  const share = async (table: string, key: string, id: string, { shares }: Kind) => {
    if (shares === undefined) return;
    const type = shares.with in teams ? 'team' : 'systemuser';
    await done(
      admin.send('POST', 'GrantAccess', {
        Target: { [key]: id, '@odata.type': `Microsoft.Dynamics.CRM.${table}` },
        PrincipalAccess: {
          AccessMask: shares.verbs.map((verb) => `${VERBS[verb]}Access`).join(','),
          Principal: { [`${type}id`]: at(shares.with), '@odata.type': `Microsoft.Dynamics.CRM.${type}` },
        },
      }),
    );
  };
  const freshContact = async (name: string, kind: Kind) => {
    const id = await admin.create('contacts', {
      lastname: name,
      emailaddress1: addressOf(name),
      'parentcustomerid_account@odata.bind': `/accounts(${hub})`,
      ...owner(kind.owner),
    });
    await share('contact', 'contactid', id, kind);
    return id;
  };
  const clusters = new Map<string, Cluster>();
  for (const [name, kind] of Object.entries(kinds)) {
    const contact = await freshContact(name, kind);
    await sendFile(admin, contact);
    const picture = await sendPicture(admin, contact);
    const note = await admin.create('annotations', {
      subject: name,
      filename: 'note.txt',
      documentbody: FILE,
      'objectid_contact@odata.bind': `/contacts(${contact})`,
      ...owner(kind.owner),
    });
    await share('annotation', 'annotationid', note, kind);
    const email = await admin.create('emails', {
      subject: name,
      ...owner(kind.owner),
      email_activity_parties: [{ addressused: `${name}@out.example`, participationtypemask: 2 }],
      email_activity_mime_attachment: [{ filename: name, body: FILE }],
    });
    await share('email', 'activityid', email, kind);
    const deal = await admin.create('opportunities', {
      name,
      'parentcontactid@odata.bind': `/contacts(${contact})`,
      ...owner('reader'),
    });
    const files = await admin.get<{ value: { activitymimeattachmentid: string }[] }>(
      `emails(${email})/email_activity_mime_attachment?$select=filename`,
    );
    const attachment = files.body.value[0]!.activitymimeattachmentid;
    clusters.set(name, { contact, picture, note, email, attachment, deal });
  }
  const hold = async ({ own, team }: Holding) => {
    const kept = [
      [`systemusers(${at('reader')})/systemuserroles_association`, own, true],
      [`teams(${at('crew')})/teamroles_association`, team?.depth ?? 'none', team?.membersInherit ?? true],
    ] as const;
    for (const [place, depth, inherits] of kept) {
      const had = await admin.get<{ value: { roleid: string; name: string }[] }>(`${place}?$select=name`);
      for (const { roleid, name } of had.body.value)
        if (name !== 'base') await done(admin.send('DELETE', `${place}(${roleid})/$ref`));
      const role = roles.get(`${depth} ${inherits ? 'inherited' : 'team only'}`);
      if (role !== undefined) await link(admin, place, `roles(${role})`);
    }
  };
  return { world, admin, reader: world.as(readerAs), readerAs, ids, clusters, hub, hold, freshContact };
}

export async function sendFile(client: Client, contact: string): Promise<void> {
  const headers = { 'content-type': 'application/octet-stream', 'x-ms-file-name': 'resume.txt' };
  await done(client.send('PATCH', `contacts(${contact})/new_resume`, 'hi', headers));
}

/** @returns its address */
async function sendPicture(client: Client, contact: string): Promise<string> {
  await done(client.send('PATCH', `contacts(${contact})`, { entityimage: PICTURE }));
  return String((await client.get(`contacts(${contact})?$select=entityimage_url`)).body['entityimage_url']);
}

async function done(answer: ReturnType<Client['send']>): Promise<void> {
  const { status, text } = await answer;
  if (status >= 300) throw new Error(`${status} ${text}`);
}

function link(admin: Client, collection: string, to: string): Promise<void> {
  return done(admin.send('POST', `${collection}/$ref`, { '@odata.id': to }));
}

async function makeUnits(admin: Client, ids: Map<string, string>): Promise<void> {
  const root = await admin.get<{ BusinessUnitId: string }>('WhoAmI');
  ids.set('root', root.body.BusinessUnitId);
  for (const [name, parent] of Object.entries(units) as [Unit, Unit | undefined][]) {
    if (parent === undefined) continue;
    const bind = { 'parentbusinessunitid@odata.bind': `/businessunits(${ids.get(parent)!})` };
    ids.set(name, await admin.create('businessunits', { name, ...bind }));
  }
}

/** They sign in, lose the role that everybody gets, and go to their business units and managers. */
async function makePeople(world: World, admin: Client, ids: Map<string, string>): Promise<void> {
  await done(
    admin.send('PATCH', `organizations(${String((await admin.get('WhoAmI')).body['OrganizationId'])})`, {
      ishierarchicalsecuritymodelenabled: true,
      maxdepthforhierarchicalsecuritymodel: HIERARCHY,
    }),
  );
  for (const [index, [name, { unit, manager }]] of Object.entries(people).entries()) {
    const me = await world.as(somebody(name as Person, index)).get<{ UserId: string }>('WhoAmI');
    const id = me.body.UserId;
    ids.set(name, id);
    const roles = await admin.get<{ value: { roleid: string }[] }>(`systemusers(${id})/systemuserroles_association`);
    for (const { roleid } of roles.body.value)
      await done(admin.send('DELETE', `systemusers(${id})/systemuserroles_association(${roleid})/$ref`));
    await done(
      admin.send('PATCH', `systemusers(${id})`, {
        'businessunitid@odata.bind': `/businessunits(${ids.get(unit)!})`,
        ...(manager === undefined ? {} : { 'parentsystemuserid@odata.bind': `/systemusers(${ids.get(manager)!})` }),
      }),
    );
  }
}

async function makeTeams(admin: Client, ids: Map<string, string>): Promise<void> {
  for (const [name, { unit, owns, members }] of Object.entries(teams)) {
    const bind = { 'businessunitid@odata.bind': `/businessunits(${ids.get(unit)!})` };
    const id = await admin.create('teams', { name, teamtype: owns ? 0 : 1, ...bind });
    ids.set(name, id);
    for (const member of members)
      await link(admin, `teams(${id})/teammembership_association`, `systemusers(${ids.get(member)!})`);
  }
}

/** `base`: what the reader always has, to accounts and deals of its own; and a role for each depth, for contacts, notes and activities. */
async function makeRoles(admin: Client): Promise<Map<string, string>> {
  const roles = new Map<string, string>();
  const make = async (name: string, isinherited: number, privileges: [string, string][]) => {
    const id = await admin.create('roles', { name, isinherited });
    const Privileges = privileges.map(([PrivilegeName, Depth]) => ({ PrivilegeName, Depth }));
    await done(admin.send('POST', `roles(${id})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, { Privileges }));
    roles.set(name, id);
  };
  const all = [...Object.values(VERBS), 'Create'];
  const own = ['Account', 'Opportunity'].flatMap((table) =>
    all.map((verb): [string, string] => [`prv${verb}${table}`, 'Basic']),
  );
  // Whoever is made an owner, or is shared with, must be seen; so must the views be that are asked for.
  const seen = ['User', 'Team', 'Savedquery'].map((table): [string, string] => [`prvRead${table}`, 'Global']);
  await make('base', 1, [...own, ...seen]);
  for (const depth of Object.keys(DEPTHS) as (keyof typeof DEPTHS)[]) {
    for (const inherited of [1, 0]) {
      const privileges = ['Contact', 'Note', 'Activity'].flatMap((table) =>
        all.map((verb): [string, string] => [`prv${verb}${table}`, DEPTHS[depth]]),
      );
      await make(`${depth} ${inherited === 1 ? 'inherited' : 'team only'}`, inherited, privileges);
    }
  }
  return roles;
}

/** All ways in which the reader may hold the rights, each with its name. */
export const holdings: readonly (readonly [string, Holding])[] = [
  ...(['none', 'basic', 'local', 'deep', 'global'] as Depth[]).map((own) => [`own role, ${own}`, { own }] as const),
  ["team's role, basic, inherited", { own: 'none', team: { depth: 'basic', membersInherit: true } }],
  ["team's role, basic, team only", { own: 'none', team: { depth: 'basic', membersInherit: false } }],
  ["team's role, local", { own: 'none', team: { depth: 'local', membersInherit: true } }],
  ["own local, team's deep", { own: 'local', team: { depth: 'deep', membersInherit: false } }],
];
