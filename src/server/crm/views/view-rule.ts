import { badRequest } from '../../odata/bad-request.ts';
import { LONGEST_VIEW } from '../../odata/answer/view.ts';
import { parseFetch } from '../../odata/fetch/parse.ts';
import { checkFetch } from '../../odata/fetch/read.ts';
import { readXml } from '../../odata/fetch/xml.ts';
import type { TableRule } from '../../odata/session.ts';

/** A stored view is checked when it is written, as far as that can be done without its rows: nobody finds it broken later. */
export const viewRule: TableRule = {
  async beforeWrite({ values, before, session }) {
    const layout = values.get('layoutxml');
    if (typeof layout === 'string' && layout !== '') readXml(layout, LONGEST_VIEW);
    if (!values.has('fetchxml') && !values.has('returnedtypecode')) return;
    const current = (name: string) => (values.has(name) ? values.get(name) : before?.[name]);
    const source = current('fetchxml');
    if (typeof source !== 'string' || source === '') return;
    const fetch = parseFetch(source, LONGEST_VIEW);
    const table = current('returnedtypecode');
    if (fetch.entity.name !== table)
      throw badRequest(
        `The entity of the FetchXML, ${fetch.entity.name.slice(0, 60)}, is not the returnedtypecode, ${String(table)}.`,
        '0x80041128',
      );
    checkFetch(session, fetch);
  },
};
