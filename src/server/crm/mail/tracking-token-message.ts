import type { Operation } from '../../odata/operations.ts';
import { readParameters } from '../parameters.ts';
import { readMailSettings } from './settings.ts';
import { findToken, makeToken } from './tracking-token.ts';

/** `POST GetTrackingTokenEmail {Subject}` -> `{TrackingToken}`: one for SendEmail; a subject that carries one of ours keeps it. */
export const getTrackingTokenEmail: Operation = {
  name: 'GetTrackingTokenEmail',
  kind: 'action',
  async run({ parameters, session }) {
    const subject = readParameters('GetTrackingTokenEmail', parameters, ['Subject']).text('Subject');
    const { token } = await readMailSettings(session);
    const TrackingToken = (await findToken(session, subject, token)) ?? (await makeToken(session, token));
    const context = `${session.root}$metadata#Microsoft.Dynamics.CRM.GetTrackingTokenEmailResponse`;
    return { status: 200, headers: {}, body: { '@odata.context': context, TrackingToken } };
  },
};
