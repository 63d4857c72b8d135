import { fold } from '../../db/fold.ts';
import type { Place } from '../../odata/answer/ask.ts';
import { dispatch } from '../../odata/dispatch.ts';
import type { Row } from '../../odata/session.ts';

export interface Found {
  id: string;
  name: string;
}

/** Values per question: far below what a filter may hold. */
const VALUES = 100;

/** Rows whose column is one of the texts, by the folded text: asked through the Web API, so only what the caller may read. */
export async function findByText(
  place: Place,
  set: string,
  column: string,
  texts: readonly string[],
): Promise<ReadonlyMap<string, readonly Found[]>> {
  const table = place.session.model.sets.get(set);
  const found = new Map<string, Found[]>();
  const wanted = [...new Map(texts.map((text) => [fold(text), text])).values()];
  const key = table?.key ?? '';
  const primary = table?.primary ?? column;
  for (let from = 0; from < wanted.length; from += VALUES) {
    const values = wanted.slice(from, from + VALUES).map((text) => `${column} eq '${text.replaceAll("'", "''")}'`);
    const search = `$select=${primary},${column}&$filter=${encodeURIComponent(values.join(' or '))}&$orderby=createdon`;
    const { body } = await dispatch(
      { ...place, filterLength: 65_536 },
      { method: 'GET', path: set, search, headers: {}, body: undefined },
    );
    for (const row of (body as { value: Row[] }).value) {
      const text = fold(String(row[column]));
      found.set(text, [
        ...(found.get(text) ?? []),
        { id: String(row[key]), name: String(row[primary] ?? row[column]) },
      ]);
    }
  }
  return found;
}
