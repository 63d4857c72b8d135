import { badRequest } from '../../../odata/bad-request.ts';
import { tableOf } from '../../../odata/metadata.ts';
import type { Operation } from '../../../odata/operations.ts';
import { createRow } from '../../../odata/write/create-row.ts';
import { readParameters } from '../../parameters.ts';
import { readGuid, readReference } from '../../references.ts';
import { startSending } from '../send/send-email.ts';
import { instantiate } from './instantiate.ts';

/**
 * `POST SendEmailFromTemplate { TemplateId, Regarding, Target }` -> `{ Id }`: the e-mail in Target (its parties, above all) gets
 * subject and body from the template and its regarding record, is stored and handed to the outbox.
 */
export function createSendEmailFromTemplate(outbox: { poke(): void }): Operation {
  return {
    name: 'SendEmailFromTemplate',
    kind: 'action',
    async run(call) {
      const read = readParameters('SendEmailFromTemplate', call.parameters, ['TemplateId', 'Regarding', 'Target']);
      const templateId = readGuid('TemplateId', read.text('TemplateId'));
      const [regarding, target] = [read.object('Regarding'), read.object('Target')];
      const Id = await call.transaction(async (session) => {
        const email = tableOf(session.model, 'email');
        const tables = email.columns.get('regardingobjectid')?.targets ?? [];
        const { table, id } = readReference(session, 'Regarding', regarding, tables);
        const type = target['@odata.type'];
        if (!/^(?:#?Microsoft\.Dynamics\.CRM\.)?email$/.test(typeof type === 'string' ? type : 'email'))
          throw badRequest('The parameter Target of SendEmailFromTemplate must be an email.', '0x80048d19');
        const draft = await instantiate(session, templateId, table, id);
        const binding = { [`regardingobjectid_${table.name}_email@odata.bind`]: `/${table.setName}(${id})` };
        const emailId = await createRow(session, email, { ...target, ...draft, ...binding });
        await startSending(session, emailId, { issue: true, token: '' });
        session.onCommit(() => outbox.poke());
        return emailId;
      });
      const context = `${call.session.root}$metadata#Microsoft.Dynamics.CRM.SendEmailFromTemplateResponse`;
      return { status: 200, headers: {}, body: { '@odata.context': context, Id } };
    },
  };
}
