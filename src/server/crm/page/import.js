// Importing a file in three steps, and exporting a view. Everything is asked of the server with the rights of whoever is
// signed in; the file itself stays in this page until "Import" is pressed.
import { make } from './elements.js';
import { signIn } from './sign-in.js';

const { document, fetch, location, URL, URLSearchParams, Blob, crypto, AbortController } = globalThis;
const find = (selector) => document.querySelector(selector);
const steps = [...document.querySelectorAll('.steps li')];
const sections = [find('#file'), find('#check'), find('#done')];
const picker = find('input[type=file]');
const numbers = new Intl.NumberFormat();

/** The file on the table: what it is, what it means so far, and the id under which it is imported once. */
let work;
let asking;

const count = (number, one, many) => `${numbers.format(number)} ${number === 1 ? one : many}`;
const rowsOf = (number) => count(number, 'row', 'rows');

function complain(sentence) {
  find('.message').textContent = sentence ?? '';
  find('.message').hidden = sentence === undefined;
}

function say(sentence) {
  find('[role=status]').textContent = sentence;
}

function go(step) {
  sections.forEach((section, index) => (section.hidden = index !== step));
  steps.forEach((item, index) => {
    item.classList.toggle('past', index < step);
    if (index === step) item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
  });
  sections[step].querySelector('h2').focus();
}

async function ask(path, options = {}) {
  const answer = await fetch(path, {
    ...options,
    headers: { authorization: `Bearer ${await signIn()}`, ...options.headers },
  });
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({}));
  throw new Error(body.error?.message ?? `The CRM answered ${answer.status}.`);
}

function send(path, options) {
  const query = new URLSearchParams({ name: work.file.name });
  if (work.mapping !== undefined) query.set('mapping', JSON.stringify(work.mapping));
  for (const [name, value] of Object.entries(options.query ?? {})) query.set(name, value);
  return ask(`/crm/import/${work.table}/${path}?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: work.file,
    signal: options.signal,
  });
}

async function choose(file) {
  if (file === undefined) return;
  complain();
  work = {
    file,
    table: find('input[name=table]:checked').value,
    mapping: undefined,
    duplicates: 'skip',
    id: crypto.randomUUID(),
  };
  say(`Reading ${file.name}…`);
  if (await look()) go(1);
  picker.value = '';
}

/** Asks what would happen. An answer that a later question has overtaken is dropped. */
async function look() {
  asking?.abort();
  asking = new AbortController();
  try {
    const answer = await send('preview', { signal: asking.signal });
    work.seen = await answer.json();
    work.mapping = work.seen.columns.map(({ target }) => target);
    complain();
    show();
    return true;
  } catch (error) {
    if (error.name === 'AbortError') return false;
    say('');
    complain(error.message);
    return false;
  }
}

function show() {
  const { seen } = work;
  const kept = document.activeElement?.id;
  find('#check-title').textContent = work.file.name;
  find('.found').replaceChildren(
    ...[facts(seen), troubles(seen), twins(seen), mapping(seen), sample(seen), remarks(seen)].filter(Boolean),
  );
  const button = find('#import');
  button.textContent = `Import ${rowsOf(importable(seen))}`;
  button.setAttribute('aria-disabled', String(!ready(seen)));
  if (kept) document.getElementById(kept)?.focus();
  say(
    seen.errors.count > 0
      ? `${count(seen.errors.count, 'cell does', 'cells do')} not fit.`
      : `${rowsOf(seen.rows)} can be imported.`,
  );
}

const ready = (seen) => seen.errors.count === 0 && importable(seen) > 0;
const importable = (seen) => seen.rows - (work.duplicates === 'skip' ? seen.duplicates.count : 0);

function facts(seen) {
  const form = seen.kind === 'vcard' ? 'vCard' : 'CSV';
  const marks = { '\t': 'tabs', ',': 'commas', ';': 'semicolons', '|': 'bars' };
  const by = seen.delimiter === null ? '' : `, separated by ${marks[seen.delimiter] ?? seen.delimiter}`;
  return make(
    'p',
    [
      make('strong', rowsOf(seen.rows)),
      ` for ${seen.table.label.toLowerCase()}s · ${form}, ${seen.encoding.toUpperCase()}${by}`,
    ],
    { className: 'facts' },
  );
}

function troubles({ errors }) {
  if (errors.count === 0) return undefined;
  return make(
    'div',
    [
      make('h3', `${count(errors.count, 'cell does', 'cells do')} not fit`),
      make(
        'p',
        'Correct the file, or leave the column out below. Nothing is imported as long as something does not fit.',
      ),
      list('What does not fit', ['Row', 'Column', 'What is wrong'], errors, ({ row, column, message }) => [
        row,
        column || '–',
        message,
      ]),
    ],
    { className: 'box bad' },
  );
}

function remarks({ notes }) {
  if (notes.count === 0) return undefined;
  return make(
    'div',
    [
      make('h3', `Good to know (${numbers.format(notes.count)})`),
      list('Good to know', ['Row', 'Column', 'Remark'], notes, ({ row, column, message }) => [row, column, message]),
    ],
    { className: 'box' },
  );
}

/** Who is there already, by the e-mail address, and what is to become of them. */
function twins({ duplicates, table }) {
  if (duplicates.count === 0) return undefined;
  const choices = [
    ['skip', 'Leave them out'],
    ['update', 'Update what is there'],
    ['create', 'Import them all the same'],
  ].map(([value, label]) => {
    const input = make('input', [], {
      type: 'radio',
      name: 'duplicates',
      id: `duplicates-${value}`,
      value,
      checked: work.duplicates === value,
    });
    input.addEventListener('change', () => {
      work.duplicates = value;
      work.id = crypto.randomUUID();
      show();
    });
    return make('label', [input, ' ', label]);
  });
  const cells = ({ row, email, of }) => [
    row,
    email,
    of.id === undefined
      ? `as in row ${of.row}`
      : make('a', of.name, { href: `/crm/${table.name}/${of.id}`, target: '_blank' }),
  ];
  return make(
    'div',
    [
      make('h3', `${count(duplicates.count, 'row is', 'rows are')} there already`),
      list('Rows that are there already', ['Row', 'Email', 'Is'], duplicates, cells),
      make('fieldset', [make('legend', 'What should happen to them?'), ...choices], { className: 'choices' }),
    ],
    { className: 'box' },
  );
}

function list(name, headings, { count: all, list: items }, cells) {
  const rows = items.map((item) =>
    make(
      'tr',
      cells(item).map((cell, index) =>
        make('td', typeof cell === 'number' ? String(cell) : cell, {
          className: index === 0 ? 'number' : '',
        }),
      ),
    ),
  );
  const table = make('table', [head(headings), make('tbody', rows)]);
  const more =
    all > items.length
      ? make('p', `… and ${numbers.format(all - items.length)} more.`, { className: 'quiet' })
      : undefined;
  return make('div', [scroll(table, name, 'tall'), more]);
}

function head(headings) {
  return make(
    'thead',
    make(
      'tr',
      headings.map((heading) => make('th', heading, { scope: 'col' })),
    ),
  );
}

/** A region that can be scrolled with the keyboard. */
function scroll(table, name, more = '') {
  const region = make('div', table, { className: `scroll ${more}`, tabIndex: 0 });
  region.setAttribute('role', 'region');
  region.setAttribute('aria-label', name);
  return region;
}

function mapping({ columns, targets }) {
  const rows = columns.map(({ heading, target, example }, index) => {
    const options = [
      make('option', 'Leave out', { value: '' }),
      ...targets.map(({ name, label }) => make('option', label, { value: name, selected: name === target })),
    ];
    const select = make('select', options, { id: `target-${index}` });
    select.setAttribute('aria-label', `${heading} goes into`);
    select.addEventListener('change', () => change(index, select.value || null));
    return make('tr', [
      make('th', heading, { scope: 'row' }),
      make('td', example, { className: 'example quiet' }),
      make('td', select),
    ]);
  });
  const table = make('table', [head(['In the file', 'For example', 'Goes into']), make('tbody', rows)], {
    className: 'mapping',
  });
  return make('div', [make('h3', 'What goes where'), make('div', table, { className: 'scroll' })]);
}

/** A target has one heading: where it came from before is left out now. */
function change(index, target) {
  work.mapping = work.mapping.map((known, at) =>
    at === index ? target : target !== null && known === target ? null : known,
  );
  work.id = crypto.randomUUID();
  void look();
}

function sample({ sample: rows, columns, targets }) {
  const used = columns.filter(({ target }) => target !== null);
  if (used.length === 0) return undefined;
  const label = (name) => targets.find((target) => target.name === name)?.label ?? name;
  const body = rows.map(({ row, values }) =>
    make('tr', [
      make('td', String(row), { className: 'number' }),
      ...used.map(({ target }) => make('td', values[target] ?? '', { className: 'sample' })),
    ]),
  );
  const table = make('table', [head(['Row', ...used.map(({ target }) => label(target))]), make('tbody', body)]);
  return make('div', [make('h3', 'As it would be stored'), scroll(table, 'As it would be stored')]);
}

async function carryOut() {
  if (!ready(work.seen) || work.busy) return;
  work.busy = true;
  complain();
  say('Importing…');
  find('#import').textContent = 'Importing…';
  try {
    const result = await (await send(work.id, { query: { duplicates: work.duplicates } })).json();
    finish(result);
  } catch (error) {
    say('');
    complain(error.message);
    await look();
  } finally {
    work.busy = false;
  }
}

function finish({ created, updated, leftOut }) {
  const figure = (name, value) => make('div', [make('dt', name), make('dd', numbers.format(value))]);
  find('.result').replaceChildren(
    make('p', `${work.file.name} was imported.`),
    make('dl', [figure('Created', created), figure('Updated', updated), figure('Left out', leftOut)], {
      className: 'numbers',
    }),
  );
  say(
    `Done: ${numbers.format(created)} created, ${numbers.format(updated)} updated, ${numbers.format(leftOut)} left out.`,
  );
  go(2);
}

function restart() {
  work = undefined;
  complain();
  say('');
  go(0);
}

const form = find('#export form');
const VIEWS = [
  ['Active', '$filter=statecode eq 0'],
  ['All', ''],
  ['Mine', "$filter=Microsoft.Dynamics.CRM.EqualUserId(PropertyName='ownerid')"],
  [
    'Changed in the last 30 days',
    "$filter=Microsoft.Dynamics.CRM.LastXDays(PropertyName='modifiedon',PropertyValue=30)",
  ],
];
form.view.append(...VIEWS.map(([label, query]) => make('option', label, { value: query })));

async function download() {
  complain();
  say('Exporting…');
  try {
    const set = form.set.value;
    const query = [encodeURI(form.view.value), form.mark.checked ? 'bom=1' : ''].filter(Boolean).join('&');
    const answer = await ask(`/crm/export/${set}?${query}`);
    // As bytes: reading it as text would take the mark away.
    const address = URL.createObjectURL(new Blob([await answer.arrayBuffer()], { type: 'text/csv' }));
    make('a', [], { href: address, download: `${set}.csv` }).click();
    URL.revokeObjectURL(address);
    say('The file was saved.');
  } catch (error) {
    say('');
    complain(error.message);
  }
}

const wanted = new URLSearchParams(location.search).get('table');
for (const input of document.querySelectorAll('input[name=table]')) if (input.value === wanted) input.checked = true;
const drop = find('.drop');
picker.addEventListener('change', () => void choose(picker.files[0]));
for (const [name, over] of [
  ['dragover', true],
  ['dragleave', false],
  ['drop', false],
])
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle('over', over);
    if (name === 'drop') void choose(event.dataTransfer.files[0]);
  });
find('#import').addEventListener('click', () => void carryOut());
find('#again').addEventListener('click', restart);
find('#more').addEventListener('click', restart);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void download();
});
