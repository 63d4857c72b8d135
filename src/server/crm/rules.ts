import sanitizeHtml from 'sanitize-html';
import { badRequest } from '../odata/bad-request.ts';
import type { TableRule } from '../odata/session.ts';
import { storedTime, type Stored } from '../odata/values.ts';

/** What an e-mail may still change once it was sent or received: what it is about, and whose row it is. */
const openOnCompleted = new Set([
  'regardingobjectid',
  'regardingobjectid_type',
  'modifiedon',
  'modifiedby',
  'ownerid',
  'ownerid_type',
]);

function keepNames(values: Map<string, Stored>, before: Record<string, unknown> | undefined): void {
  if (before !== undefined && !values.has('firstname') && !values.has('lastname')) return;
  const part = (name: string) => (values.has(name) ? values.get(name) : before?.[name]);
  const full = [part('firstname'), part('lastname')]
    .filter((name) => typeof name === 'string' && name !== '')
    .join(' ');
  if (before !== undefined || full !== '' || !values.has('fullname')) values.set('fullname', full.slice(0, 160));
}

const person: TableRule = {
  async beforeWrite({ values, before }) {
    keepNames(values, before);
  },
};

/** Completing an activity is a moment; who names none means now. */
function stampCompletion(values: Map<string, Stored>, now: Date): void {
  if (values.get('statecode') === 1 && values.get('actualend') == null) values.set('actualend', storedTime(now));
}

const activity: TableRule = {
  async beforeWrite({ values, session }) {
    stampCompletion(values, session.now());
  },
};

const email: TableRule = {
  async beforeWrite({ values, before, session }) {
    const frozen = before !== undefined && Number(before['statecode']) !== 0;
    const changed = frozen ? [...values.keys()].find((name) => !openOnCompleted.has(name)) : undefined;
    if (changed !== undefined) {
      throw badRequest(
        `A completed or canceled e-mail is read-only: '${changed}' cannot be changed, only its regarding record and its parties.`,
        '0x80040203',
      );
    }
    if (!frozen) stampCompletion(values, session.now());
  },
  beforeReplace({ before, navigation }) {
    if (Number(before['statecode']) !== 0 && navigation !== 'email_activity_parties') {
      throw badRequest(`A completed or canceled e-mail is read-only: '${navigation}' cannot be changed.`, '0x80040203');
    }
  },
  computed: new Map([['safedescription', (stored: unknown) => (typeof stored === 'string' ? safeHtml(stored) : null)]]),
};

/** The body without anything that runs, asks, or tells the sender that it was read. */
export function safeHtml(html: string): string {
  return sanitizeHtml(html, {
    allowedTags: [...sanitizeHtml.defaults.allowedTags, 'img', 'font', 'center'].filter((tag) => tag !== 'form'),
    allowedAttributes: {
      '*': [
        'style',
        'align',
        'valign',
        'width',
        'height',
        'bgcolor',
        'color',
        'dir',
        'lang',
        'title',
        'colspan',
        'rowspan',
        'cellpadding',
        'cellspacing',
        'border',
      ],
      a: ['href', 'name', 'rel'],
      img: ['src', 'alt', 'width', 'height'],
    },
    allowedSchemes: ['http', 'https', 'mailto', 'tel'],
    // Pictures come with the mail or not at all: one from the web tells its server who reads, and when.
    allowedSchemesByTag: { img: ['cid', 'data'] },
    allowProtocolRelative: false,
    allowedStyles: {
      '*': Object.fromEntries(
        styles.map((name) => [name, [/^(?!.*(?:url|expression|image-set)\s*\()[^;{}<>]{0,200}$/i]]),
      ),
    },
    transformTags: { a: sanitizeHtml.simpleTransform('a', { rel: 'noopener noreferrer nofollow' }) },
  });
}

const styles = [
  'color',
  'background-color',
  'font-family',
  'font-size',
  'font-style',
  'font-weight',
  'text-align',
  'text-decoration',
  'line-height',
  'vertical-align',
  'white-space',
  'width',
  'max-width',
  'height',
  'margin',
  'margin-top',
  'margin-right',
  'margin-bottom',
  'margin-left',
  'padding',
  'padding-top',
  'padding-right',
  'padding-bottom',
  'padding-left',
  'border',
  'border-top',
  'border-bottom',
  'border-left',
  'border-right',
  'border-collapse',
];

const attachment: TableRule = {
  async beforeWrite({ values }) {
    const body = values.get('body');
    if (body instanceof Uint8Array) values.set('filesize', body.length);
  },
};

/** What the tables of this CRM do beyond storing. `onUserChange` hears of every change to a user. */
export function createRules(onUserChange: () => void): ReadonlyMap<string, TableRule> {
  const user: TableRule = {
    async beforeWrite({ values, before }) {
      keepNames(values, before);
      onUserChange();
    },
  };
  return new Map([
    ['contact', person],
    ['lead', person],
    ['systemuser', user],
    ['email', email],
    ['appointment', activity],
    ['task', activity],
    ['phonecall', activity],
    ['activitymimeattachment', attachment],
  ]);
}
