// Shows one row of the built-in CRM, read through its Web API with the rights of whoever is signed in.
import { make } from './elements.js';
import { signIn } from './sign-in.js';

const { document, location } = globalThis;
const FORMATTED = '@OData.Community.Display.V1.FormattedValue';
const TABLE = '@Microsoft.Dynamics.CRM.lookuplogicalname';
const PARTIES = { 1: 'From', 2: 'To', 3: 'Cc', 4: 'Bcc', 5: 'Required', 6: 'Optional', 7: 'Organizer' };

const FONT = "<style>body{font:14px/20px 'Segoe UI',system-ui,sans-serif}</style>";

const place = document.querySelector('main');
const table = JSON.parse(document.querySelector('#table').textContent);

function say(title, sentence) {
  place.replaceChildren(make('header', make('h1', title)), make('p', sentence, { className: 'quiet' }));
}

async function read(token, path) {
  const answer = await fetch(`/api/data/v9.2/${path}`, {
    headers: { authorization: `Bearer ${token}`, prefer: 'odata.include-annotations="*"' },
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error?.message ?? `The CRM answered ${answer.status}.`);
  return body;
}

function rowLink(row, name) {
  const id = row[name];
  const text = row[name + FORMATTED] ?? id;
  return make('a', text, { href: `/crm/${row[name + TABLE]}/${id}` });
}

function valueOf(row, { name, kind }) {
  const property = kind === 'lookup' ? `_${name}_value` : name;
  const value = row[property];
  if (value === null || value === undefined || value === '') return undefined;
  if (kind === 'lookup') return rowLink(row, property);
  if (kind === 'email') return make('a', value, { href: `mailto:${value}` });
  if (kind === 'datetime') return new Date(value).toLocaleString();
  return row[property + FORMATTED] ?? String(value);
}

function facts(row) {
  const list = make('dl', []);
  for (const column of table.columns) {
    const value = valueOf(row, column);
    if (value !== undefined) list.append(make('dt', column.label), make('dd', value));
  }
  return make('section', list);
}

function people(row) {
  const groups = new Map();
  for (const party of row[table.parties] ?? []) {
    const label = PARTIES[party.participationtypemask] ?? 'Party';
    groups.set(label, [...(groups.get(label) ?? []), partyText(party)]);
  }
  if (groups.size === 0) return undefined;
  const list = make('dl', []);
  for (const [label, names] of groups)
    list.append(
      make('dt', label),
      make(
        'dd',
        make(
          'ul',
          names.map((name) => make('li', name)),
        ),
      ),
    );
  return make('section', [make('h2', 'People'), list]);
}

function partyText(party) {
  if (!party._partyid_value) return party.addressused ?? '';
  return make('span', [
    rowLink(party, '_partyid_value'),
    ' ',
    make('span', party.addressused ?? '', { className: 'quiet' }),
  ]);
}

function files(row) {
  const list = row[table.attachments] ?? [];
  if (list.length === 0) return undefined;
  const items = list.map(({ filename, filesize }) =>
    make('li', [
      filename,
      ' ',
      make('span', `${Math.max(1, Math.round((filesize ?? 0) / 1024))} KB`, { className: 'quiet' }),
    ]),
  );
  return make('section', [make('h2', 'Attachments'), make('ul', items)]);
}

/** Cleaned by the server, and shown where nothing can run, load or navigate anyway. */
function body(row) {
  if (!row.safedescription) return undefined;
  const frame = make('iframe', [], { title: 'Message', srcdoc: FONT + row.safedescription });
  frame.setAttribute('sandbox', '');
  return make('section', [make('h2', 'Message'), frame]);
}

function show(row) {
  const title = row[table.primary] || '(no name)';
  document.title = `${title} · ${table.label}`;
  const header = make('header', [make('div', table.label, { className: 'kind' }), make('h1', title)]);
  const parts = [header, people(row), body(row), files(row), facts(row)];
  place.replaceChildren(...parts.filter((part) => part !== undefined));
}

function expansion() {
  const parts = [];
  if (table.parties)
    parts.push(
      `${table.parties}($select=participationtypemask,addressused,_partyid_value;$orderby=participationtypemask)`,
    );
  if (table.attachments) parts.push(`${table.attachments}($select=filename,filesize;$orderby=attachmentnumber)`);
  return parts.length === 0 ? '' : `?$expand=${parts.join(',')}`;
}

try {
  const id = location.pathname.split('/').at(-1);
  show(await read(await signIn(), `${table.setName}(${id})${expansion()}`));
} catch (error) {
  say('This record cannot be shown', error.message);
}
