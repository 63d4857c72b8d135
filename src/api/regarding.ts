import { isRegardingTable, setNameOf, type Person, type RegardingRef, type RegardingTable } from '../model/records.ts';
import type { Dataverse, Row } from './dataverse.ts';
import { containedLiteral, query } from './dialect.ts';
import { formatted, lookup, text } from './row.ts';

/** A record a mail can be regarding, with what tells it from others of the same name. */
export interface RegardingHit extends RegardingRef {
  readonly detail: string | null;
}

export interface RegardingSearch {
  /** Over the five tables, at most `hitsPerTable` of each, those that begin with the text first. */
  search(text: string, signal?: AbortSignal): Promise<readonly RegardingHit[]>;
  /** What belongs to the people on the mail: themselves, their companies, open opportunities and cases. */
  related(people: readonly Person[], signal?: AbortSignal): Promise<readonly RegardingHit[]>;
}

interface Source {
  readonly table: RegardingTable;
  readonly name: string;
  readonly select: readonly string[];
  /** Columns the typed text is looked for in. */
  readonly searched: readonly string[];
  readonly detail: (row: Row) => string | null;
}

const join = (...parts: (string | null | undefined)[]): string | null => parts.filter(Boolean).join(' · ') || null;

const sources: readonly Source[] = [
  {
    table: 'contact',
    name: 'fullname',
    select: ['contactid', 'fullname', 'emailaddress1', '_parentcustomerid_value'],
    searched: ['fullname', 'emailaddress1'],
    detail: (row) => join(lookup(row, 'parentcustomerid')?.name, text(row, 'emailaddress1')),
  },
  {
    table: 'account',
    name: 'name',
    select: ['accountid', 'name', 'emailaddress1', 'address1_city'],
    searched: ['name', 'emailaddress1'],
    detail: (row) => join(text(row, 'address1_city'), text(row, 'emailaddress1')),
  },
  {
    table: 'lead',
    name: 'fullname',
    select: ['leadid', 'fullname', 'subject', 'companyname'],
    searched: ['fullname', 'companyname', 'emailaddress1'],
    detail: (row) => join(text(row, 'companyname'), text(row, 'subject')),
  },
  {
    table: 'opportunity',
    name: 'name',
    select: ['opportunityid', 'name', 'estimatedvalue', 'statuscode', '_customerid_value'],
    searched: ['name'],
    detail: (row) =>
      join(lookup(row, 'customerid')?.name, formatted(row, 'estimatedvalue'), formatted(row, 'statuscode')),
  },
  {
    table: 'incident',
    name: 'title',
    select: ['incidentid', 'title', 'ticketnumber', 'statuscode', '_customerid_value'],
    searched: ['title', 'ticketnumber'],
    detail: (row) => join(text(row, 'ticketnumber'), lookup(row, 'customerid')?.name, formatted(row, 'statuscode')),
  },
];

const hitsPerTable = 5;

export function createRegardingSearch(crm: Dataverse): RegardingSearch {
  return {
    async search(typed, signal) {
      const wanted = typed.trim();
      if (wanted === '') return [];
      const answers = await crm.listAll(
        sources.map((source) =>
          query(setNameOf(source.table), {
            select: source.select,
            filter: source.searched.map((column) => `contains(${column},${containedLiteral(wanted)})`).join(' or '),
            orderby: `${source.name} asc`,
            top: hitsPerTable,
          }),
        ),
        signal,
      );
      const start = wanted.toLowerCase();
      const begins = (hit: RegardingHit) => Number(hit.name.toLowerCase().startsWith(start));
      return readHits(sources, answers).sort((a, b) => begins(b) - begins(a));
    },

    async related(people, signal) {
      const known = people.filter(({ active, table }) => active && table !== 'systemuser');
      if (known.length === 0) return [];
      const open = relatedQueries(known);
      const answers = await crm.listAll(
        open.map(({ path }) => path),
        signal,
      );
      const hits = readHits(
        open.map(({ source }) => source),
        answers,
      );
      return withoutDoubles([...known.flatMap(themselves), ...hits]);
    },
  };
}

function readHits(asked: readonly Source[], answers: readonly (readonly Row[])[]): RegardingHit[] {
  return asked.flatMap((source, index) =>
    (answers[index] ?? []).flatMap((row) => {
      const id = text(row, `${source.table}id`);
      return id === null
        ? []
        : [
            {
              table: source.table,
              id: id.toLowerCase(),
              name: text(row, source.name) ?? '',
              detail: source.detail(row),
            },
          ];
    }),
  );
}

function themselves(person: Person): RegardingHit[] {
  const hits: RegardingHit[] = [];
  if (isRegardingTable(person.table)) {
    hits.push({
      table: person.table,
      id: person.id,
      name: person.name,
      detail: join(person.company?.name, person.email),
    });
  }
  if (person.company?.table === 'account') {
    hits.push({ table: 'account', id: person.company.id, name: person.company.name, detail: null });
  }
  return hits;
}

function relatedQueries(people: readonly Person[]): { source: Source; path: string }[] {
  const ids = [
    ...new Set(
      people.flatMap((person) => [person.id, ...(person.company?.table === 'account' ? [person.company.id] : [])]),
    ),
  ];
  const any = (column: string) => ids.map((id) => `${column} eq ${id}`).join(' or ');
  const filters: Partial<Record<RegardingTable, string>> = {
    opportunity: `${any('_customerid_value')} or ${any('_parentcontactid_value')} or ${any('_originatingleadid_value')}`,
    incident: `${any('_customerid_value')} or ${any('_primarycontactid_value')}`,
  };
  return sources.flatMap((source) => {
    const filter = filters[source.table];
    if (filter === undefined) return [];
    const options = {
      select: source.select,
      filter: `statecode eq 0 and (${filter})`,
      orderby: 'modifiedon desc',
      top: hitsPerTable,
    };
    return [{ source, path: query(setNameOf(source.table), options) }];
  });
}

function withoutDoubles(hits: readonly RegardingHit[]): RegardingHit[] {
  return [...new Map(hits.map((hit) => [`${hit.table}:${hit.id}`, hit])).values()];
}
