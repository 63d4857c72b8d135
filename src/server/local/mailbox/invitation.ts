// The few lines of an iCalendar text (RFC 5545) that a message list and a reading pane show.

export interface Invitation {
  kind:
    | 'meetingRequest'
    | 'meetingCancelled'
    | 'meetingAccepted'
    | 'meetingTenativelyAccepted'
    | 'meetingDeclined'
    | 'none';
  /** Wall clock as written, `2026-11-21T10:00:00`, in `timeZone`. */
  start: { dateTime: string; timeZone: string } | null;
  end: { dateTime: string; timeZone: string } | null;
  location: string | null;
}

const line = (text: string, name: string) => new RegExp(`^${name}((?:;[^:\\n]*)?):(.*)$`, 'im').exec(text);

const moment = (text: string, name: string): Invitation['start'] => {
  const found = line(text, name);
  const at = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?/.exec(found?.[2]?.trim() ?? '');
  if (!at) return null;
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = at;
  const zone = /;TZID="?([^";:]+)/i.exec(found?.[1] ?? '')?.[1];
  return { dateTime: `${year}-${month}-${day}T${hour}:${minute}:${second}`, timeZone: zone ?? 'UTC' };
};

// The misspelling of "tentatively" is Microsoft Graph's own; clients compare against it.
const answers = new Map<string, Invitation['kind']>([
  ['ACCEPTED', 'meetingAccepted'],
  ['TENTATIVE', 'meetingTenativelyAccepted'],
  ['DECLINED', 'meetingDeclined'],
]);

const kindOf = (text: string, method: string): Invitation['kind'] => {
  if (method === 'REQUEST') return 'meetingRequest';
  if (method === 'CANCEL') return 'meetingCancelled';
  if (method === 'REPLY') return answers.get(/PARTSTAT=([A-Z-]+)/i.exec(text)?.[1]?.toUpperCase() ?? '') ?? 'none';
  return 'none';
};

export const readInvitation = (calendar: string, method: string | undefined): Invitation => {
  const unfolded = calendar.replace(/\r\n/g, '\n').replace(/\n[ \t]/g, '');
  const event = /BEGIN:VEVENT[^]*?(END:VEVENT|$)/i.exec(unfolded)?.[0] ?? '';
  return {
    kind: kindOf(event, (method ?? line(unfolded, 'METHOD')?.[2] ?? '').trim().toUpperCase()),
    start: moment(event, 'DTSTART'),
    end: moment(event, 'DTEND'),
    location:
      line(event, 'LOCATION')?.[2]
        ?.trim()
        .replace(/\\([,;\\])/g, '$1')
        .replace(/\\n/gi, ' ') || null,
  };
};
