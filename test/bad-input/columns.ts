import type { Column, ColumnKind } from '../../src/server/odata/metadata.ts';
import { tableOf } from '../../src/server/odata/metadata.ts';
import { crmModel } from '../../src/server/odata/tables/crm-model.ts';
import { account, contact } from './addresses.ts';
import type { BadInput } from './bad-input.ts';

/** What does not fit into a column of a kind. */
const unfit: Record<ColumnKind, readonly unknown[]> = {
  string: [5, true, {}, ['x'], 'x'.repeat(5_000)],
  memo: [5, true, {}, ['x'], 'x'.repeat(200_000)],
  integer: ['5', 1.5, 2 ** 31, -(2 ** 31) - 1, 1e300, true, {}, [5], 'x'],
  bigint: ['5', 1.5, 1e300, true, {}, [5]],
  decimal: ['5', 1e300, true, {}, [5], 'NaN'],
  money: ['5', 1e300, true, {}, [5], '$5'],
  boolean: ['true', 1, 0, {}, [true]],
  choice: ['1', 1.5, -1, 1e300, true, {}, [[1]], 99_999],
  choices: [5, true, {}, ['1'], 'x', '1,x', '1;2', '99999', "1' or 1=1--"],
  datetime: [5, true, {}, ['x'], '', 'x', '2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', '9'.repeat(50), 'today'],
  date: [5, true, {}, ['x'], '', 'x', '2026-13-01', '2026-02-30', '99999-01-01', "2026-01-01' or 1=1--"],
  guid: [5, true, {}, ['x'], '', 'x', contact.slice(1), `${contact}0`],
  lookup: [5, true, 'x', contact],
  bytes: [5, true, {}, ['x'], '%%%', 'A===', 'ä'],
};

/** One column of each kind and table. */
export function inColumns(): BadInput[] {
  const places = [
    ['account', account],
    ['contact', contact],
  ] as const;
  return places.flatMap(([name, id]) => {
    const { setName, columns } = tableOf(crmModel, name);
    const first = new Map<ColumnKind, Column>();
    for (const column of columns.values())
      if (column.readOnly !== true && column.constant === undefined && !first.has(column.kind))
        first.set(column.kind, column);
    return [...first.values()].flatMap((column) =>
      unfit[column.kind].flatMap((value) => {
        const shown = JSON.stringify(value).slice(0, 40);
        const written = (method: string, path: string, body: object): BadInput => ({
          where: `${method} a ${column.kind}`,
          name: `${column.name}: ${shown}`,
          method,
          path,
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
          status: 400,
          word: column.name,
        });
        return [
          written('POST', setName, { [column.name]: value }),
          written('PATCH', `${setName}(${id})`, { [column.name]: value }),
          // A lookup is put by its reference.
          ...(column.kind === 'lookup' ? [] : [written('PUT', `${setName}(${id})/${column.name}`, { value })]),
        ];
      }),
    );
  });
}
