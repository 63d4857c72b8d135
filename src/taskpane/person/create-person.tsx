import { Button, Field, Input, Link, Text } from '@fluentui/react-components';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import type { Change, CreateChange } from '../../model/change.ts';
import type { MailAddress } from '../../model/message.ts';
import type { Person } from '../../model/records.ts';
import type { OpenItem } from '../../outlook/mailbox.ts';
import { useLanguage } from '../language.tsx';
import { RecordIcon } from '../record-icon.tsx';
import type { Services } from '../services.ts';
import { plainText } from './plain-text.ts';
import { draftPerson, phoneInSignature } from './prefill.ts';
import styles from './create-person.module.css';

export interface PersonValues {
  readonly firstname: string;
  readonly lastname: string;
  readonly emailaddress1: string;
  readonly telephone1: string;
  readonly jobtitle: string;
  readonly companyname: string;
  readonly subject: string;
}

const looksLikeAddress = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** A short form, filled from the mail; before anything is made it looks for the same person. */
export default function CreatePerson(props: {
  table: 'contact' | 'lead';
  known: MailAddress;
  item: OpenItem;
  services: Services;
  values: { readonly values: PersonValues } | null;
  onMade: (change: CreateChange, values: PersonValues) => void;
  onCancel: () => void;
}) {
  const { table, known, item, services, onMade, onCancel } = props;
  const { texts } = useLanguage();
  const { companySuggestion, ...prefilled } = draftPerson(known);
  const [values, setValues] = useState<PersonValues>(
    props.values?.values ?? {
      ...prefilled,
      telephone1: '',
      jobtitle: '',
      companyname: '',
      subject: item.message.subject.slice(0, 300),
    },
  );
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  /** Known within the same event, which `busy` is not: one person, one row. */
  const saving = useRef(false);
  const [duplicates, setDuplicates] = useState<readonly Person[]>([]);
  const set = (part: Partial<PersonValues>): void => {
    setValues((before) => ({ ...before, ...part }));
    // What was found was found for other values.
    setDuplicates([]);
  };
  useSignaturePhone(item, known, (phone) =>
    setValues((before) => (before.telephone1 === '' ? { ...before, telephone1: phone } : before)),
  );

  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector('input')?.focus(), []);

  const missing = values.lastname.trim() === '';
  const badAddress = !looksLikeAddress.test(values.emailaddress1.trim());

  async function save(evenSo: boolean): Promise<void> {
    setTried(true);
    if (missing || badAddress || saving.current) return;
    saving.current = true;
    setBusy(true);
    try {
      // A check that cannot be made does not stop the addition: the CRM has its own.
      const same = evenSo ? [] : await services.crm.people.duplicates(values).catch(() => []);
      setDuplicates(same);
      if (same.length > 0) return;
      const change = await services.tracking.gestures.create(table, columns(table, values));
      if (isCreate(change)) onMade(change, values);
    } finally {
      saving.current = false;
      setBusy(false);
    }
  }

  const field = (
    label: string,
    key: keyof PersonValues,
    more: { type?: 'tel' | 'email'; error?: string | false } = {},
  ) => (
    <Field label={label} size="small" {...(more.error ? { validationMessage: more.error } : {})}>
      <Input
        className={styles.input}
        value={values[key]}
        type={more.type ?? 'text'}
        dir="auto"
        onChange={(_event, { value }) => set({ [key]: value })}
      />
    </Field>
  );
  const suggestion = (key: keyof PersonValues, value: string | null) =>
    value === null || values[key] !== '' ? null : (
      <Button className={styles.suggestion} size="small" appearance="subtle" onClick={() => set({ [key]: value })}>
        {texts.useSuggestion(value)}
      </Button>
    );

  return (
    <form
      ref={form}
      className={styles.form}
      aria-label={texts.addTitle(table)}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void save(false);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onCancel();
      }}
    >
      <Text as="h2" weight="semibold" style={{ margin: 0 }}>
        {texts.addTitle(table)}
      </Text>
      <div className={styles.pair}>
        {field(texts.firstName, 'firstname')}
        {field(texts.lastName, 'lastname', { error: tried && missing && texts.required })}
      </div>
      {field(texts.email, 'emailaddress1', { type: 'email', error: tried && badAddress && texts.invalidEmail })}
      {table === 'lead' && field(texts.topic, 'subject')}
      {table === 'lead' && field(texts.company, 'companyname')}
      {table === 'lead' && suggestion('companyname', companySuggestion)}
      {field(texts.jobTitle, 'jobtitle')}
      {field(texts.phone, 'telephone1', { type: 'tel' })}
      {duplicates.length > 0 ? <Duplicates people={duplicates} link={services.crm.link} /> : null}
      <div className={styles.buttons}>
        {duplicates.length > 0 ? (
          // Keyed: the same element turned into a submit button under the click would submit the form as well.
          <Button key="anyway" disabledFocusable={busy} onClick={() => void save(true)}>
            {texts.addAnyway}
          </Button>
        ) : (
          <Button key="save" type="submit" appearance="primary" disabledFocusable={busy}>
            {texts.save(table)}
          </Button>
        )}
        <Button appearance="subtle" onClick={onCancel}>
          {texts.cancel}
        </Button>
      </div>
    </form>
  );
}

function isCreate(change: Change): change is CreateChange {
  return change.kind === 'create';
}

/** Empty fields are not sent: a column that was never filled in stays as the CRM makes it. */
function columns(table: 'contact' | 'lead', values: PersonValues): Record<string, string> {
  const { companyname, subject, ...shared } = values;
  const all = table === 'lead' ? { ...shared, companyname, subject } : shared;
  return Object.fromEntries(
    Object.entries(all)
      .map(([column, value]) => [column, value.trim()] as const)
      .filter(([, value]) => value !== ''),
  );
}

function Duplicates({ people, link }: { people: readonly Person[]; link: (record: Person) => string }) {
  const { texts } = useLanguage();
  return (
    <div role="alert">
      <Text weight="semibold">{texts.duplicatesTitle}</Text>
      <ul className={styles.duplicates}>
        {people.map((person) => (
          <li key={person.id} className={styles.duplicate}>
            <RecordIcon table={person.table} size={16} />
            <span className={styles.words}>
              <Link href={link(person)} target="_blank" rel="noreferrer">
                {person.name}
              </Link>
              <Text size={200}>{[texts.table(person.table), person.email].filter(Boolean).join(' · ')}</Text>
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Only the sender's own message can hold the sender's signature. */
function useSignaturePhone(item: OpenItem, known: MailAddress, found: (phone: string) => void): void {
  const tell = useEffectEvent(found);
  useEffect(() => {
    if (item.kind !== 'mail' || item.message.from?.address !== known.address) return undefined;
    let left = false;
    item
      .read()
      .then((mail) => mail.readBodyHtml())
      .then((html) => {
        const phone = left ? null : phoneInSignature(plainText(html));
        if (phone !== null) tell(phone);
      })
      .catch(() => undefined);
    return () => {
      left = true;
    };
  }, [item, known]);
}
