import type { TableRule } from '../../odata/session.ts';
import { combined } from '../combined-rule.ts';
import { fileRule } from '../file-rule.ts';

/** A note is a document as long as it holds one. */
const documentRule: TableRule = {
  async beforeWrite({ values }) {
    const content = values.get('documentbody');
    if (content !== undefined) values.set('isdocument', content === null ? 0 : 1);
  },
};

export const noteRule = combined(fileRule('documentbody'), documentRule);
