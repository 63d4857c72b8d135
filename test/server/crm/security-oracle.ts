/**
 * Who may do what, worked out from the documents alone ("How access to a record is determined", "Hierarchy security"),
 * in the plainest way: no SQL, and nothing of the product is imported here.
 */
export type Verb = 'read' | 'write' | 'append' | 'appendTo' | 'delete' | 'assign' | 'share';
export type Depth = 'none' | 'basic' | 'local' | 'deep' | 'global';

/** child -> parent */
export const units = { root: undefined, north: 'root', harbour: 'north', south: 'root' } as const;
export type Unit = keyof typeof units;

export const people = {
  reader: { unit: 'north', manager: undefined },
  nina: { unit: 'north', manager: undefined },
  hugo: { unit: 'harbour', manager: undefined },
  sam: { unit: 'south', manager: undefined },
  rep: { unit: 'harbour', manager: 'reader' },
  rep2: { unit: 'harbour', manager: 'rep' },
  rep3: { unit: 'harbour', manager: 'rep2' },
  faraway: { unit: 'south', manager: 'reader' },
} as const satisfies Record<string, { unit: Unit; manager: string | undefined }>;
export type Person = keyof typeof people;

export const teams = {
  crew: { unit: 'south', owns: true, members: ['reader'] },
  helpers: { unit: 'south', owns: false, members: ['reader'] },
  strangers: { unit: 'south', owns: true, members: ['sam'] },
  repcrew: { unit: 'south', owns: true, members: ['rep'] },
} as const satisfies Record<string, { unit: Unit; owns: boolean; members: readonly Person[] }>;
export type Team = keyof typeof teams;

/** Levels of reports that are read. */
export const HIERARCHY = 2;

export interface Kind {
  owner: Person | Team;
  shares?: { with: Person | Team; verbs: readonly Verb[] };
}

/** One row of each kind is in the world. */
export const kinds: Record<string, Kind> = {
  own: { owner: 'reader' },
  colleague: { owner: 'nina' },
  childunit: { owner: 'hugo' },
  otherunit: { owner: 'sam' },
  myteam: { owner: 'crew' },
  otherteam: { owner: 'strangers' },
  report: { owner: 'rep' },
  reportsteam: { owner: 'repcrew' },
  secondreport: { owner: 'rep2' },
  thirdreport: { owner: 'rep3' },
  farreport: { owner: 'faraway' },
  shared: { owner: 'sam', shares: { with: 'reader', verbs: ['read', 'write'] } },
  teamshared: {
    owner: 'sam',
    shares: { with: 'helpers', verbs: ['read', 'append', 'appendTo', 'delete', 'share', 'assign'] },
  },
  writeshared: { owner: 'sam', shares: { with: 'reader', verbs: ['write'] } },
  reportshared: { owner: 'sam', shares: { with: 'rep', verbs: ['read', 'write'] } },
};

/** How the reader comes by the privilege. */
export interface Holding {
  own: Depth;
  /** A role of the team `crew`. */
  team?: { depth: Depth; membersInherit: boolean };
}

function isTeam(name: string): name is Team {
  return name in teams;
}

function unitOf(owner: Person | Team): Unit {
  return isTeam(owner) ? teams[owner].unit : people[owner].unit;
}

function isBelow(unit: Unit, top: Unit): boolean {
  for (let at: Unit | undefined = unit; at !== undefined; at = units[at]) if (at === top) return true;
  return false;
}

function inDepth(depth: Depth, row: Unit, holder: Unit): boolean {
  if (depth === 'global') return true;
  if (depth === 'deep') return isBelow(row, holder);
  return depth === 'local' && row === holder;
}

function hasMember(team: Team, person: Person): boolean {
  return (teams[team].members as readonly Person[]).includes(person);
}

/** A person itself, or a team it is in. */
function speaksFor(person: Person, name: Person | Team): boolean {
  return name === person || (isTeam(name) && hasMember(name, person));
}

function levelBelowReader(person: Person): number | undefined {
  let level = 0;
  for (let at: Person | undefined = person; at !== undefined; at = people[at].manager as Person | undefined) {
    if (at === 'reader') return level;
    level += 1;
  }
  return undefined;
}

function throughReports(verb: Verb, { owner, shares }: Kind): boolean {
  return (Object.keys(people) as Person[]).some((person) => {
    const level = levelBelowReader(person);
    if (level === undefined || level === 0 || level > (verb === 'read' ? HIERARCHY : 1)) return false;
    if (!['read', 'write', 'append', 'appendTo'].includes(verb)) return false;
    if (!isBelow(people[person].unit, people.reader.unit)) return false;
    return (
      speaksFor(person, owner) ||
      (shares !== undefined && shares.verbs.includes(verb) && speaksFor(person, shares.with))
    );
  });
}

/** The privilege check: without it nothing else is asked. */
export function hasPrivilege({ own, team }: Holding): boolean {
  return own !== 'none' || (team !== undefined && team.depth !== 'none');
}

/** The access check for one row. */
export function may(holding: Holding, verb: Verb, kind: Kind): boolean {
  if (!hasPrivilege(holding)) return false;
  const { own, team } = holding;
  const teamOnly = own === 'none' && team?.depth === 'basic' && !team.membersInherit;
  const { owner, shares } = kind;
  if (teamOnly ? owner === 'crew' : speaksFor('reader', owner)) return true;
  if (inDepth(own, unitOf(owner), people.reader.unit)) return true;
  if (team !== undefined && inDepth(team.depth, unitOf(owner), teams.crew.unit)) return true;
  const counted = (name: Person | Team) => (teamOnly ? name === 'crew' : speaksFor('reader', name));
  if (shares !== undefined && shares.verbs.includes(verb) && counted(shares.with)) return true;
  return throughReports(verb, kind);
}
