import { Button, Field, Input, Select, Switch, Text } from '@fluentui/react-components';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { MailboxSecrets, MailboxSource } from '../api/mailboxes.ts';
import type { MailboxReport } from '../model/mailbox-report.ts';
import { FailureBar } from './failure-bar.tsx';
import type { AdminServices } from './services.ts';
import styles from './settings-tab.module.css';

/** How a mailbox is reached, as typed. Secrets are never shown, so their fields begin empty. */
interface Typed {
  readonly way: Way;
  readonly host: string;
  readonly port: string;
  readonly secure: boolean;
  readonly user: string;
  readonly password: string;
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly scope: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
}

type Way = 'graph' | 'password' | 'exchange' | 'google' | 'oauth';

const ways: readonly (readonly [Way, string])[] = [
  ['graph', 'Microsoft Graph'],
  ['password', 'IMAP with a password'],
  ['exchange', 'IMAP of Exchange Online, as an application'],
  ['google', 'IMAP of Gmail, with a refresh token'],
  ['oauth', 'IMAP with another sign-in service'],
];

/** What both providers document; the rest is the organisation's own. */
const presets: Readonly<Partial<Record<Way, Partial<Typed>>>> = {
  exchange: {
    ...{ host: 'outlook.office365.com', port: '993', secure: true },
    tokenEndpoint: 'https://login.microsoftonline.com/<tenant>/oauth2/v2.0/token',
    scope: 'https://outlook.office365.com/.default',
  },
  google: {
    ...{ host: 'imap.gmail.com', port: '993', secure: true },
    ...{ tokenEndpoint: 'https://oauth2.googleapis.com/token', scope: '' },
  },
};

const empty: Typed = {
  ...{ way: 'graph', host: '', port: '993', secure: true, user: '', password: '' },
  ...{ tokenEndpoint: '', clientId: '', scope: '', clientSecret: '', refreshToken: '' },
};

/** Enters a mailbox, for administrators. What is read of whom is the owner's to say afterwards. */
export function NewMailboxForm(props: { services: AdminServices; onDone: () => void }) {
  const [address, setAddress] = useState('');
  const [owner, setOwner] = useState('');
  const [typed, setTyped] = useState(empty);
  const { mailboxes } = props.services;
  const save = useMutation({
    mutationFn: () => mailboxes.create({ address, owner, source: sourceOf(typed), ...secretsOf(typed) }),
    onSuccess: props.onDone,
  });
  return (
    <form
      className={styles.form}
      aria-label="Add a mailbox"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <TextField label="Mail address" value={address} onChange={setAddress} required />
      <TextField
        label="Whose it is"
        hint="The person’s object id in Microsoft Entra."
        value={owner}
        onChange={setOwner}
        required
      />
      <WayFields typed={typed} onChange={setTyped} ways={ways} />
      {save.error && <FailureBar error={save.error} onRetry={() => save.mutate()} />}
      <div className={styles.buttons}>
        <Button type="submit" appearance="primary" disabledFocusable={save.isPending}>
          Add
        </Button>
        <Button onClick={props.onDone}>Cancel</Button>
      </div>
    </form>
  );
}

/** How an IMAP mailbox is signed in to, and new secrets for it: the way back when the old ones are taken no more. */
export function SignInTab(props: {
  mailbox: MailboxReport;
  administrator: boolean;
  services: AdminServices;
  onChanged: () => void;
}) {
  const { mailbox, administrator, services } = props;
  const [typed, setTyped] = useState(() => typedOf(mailbox));
  const save = useMutation({
    mutationFn: () => services.mailboxes.change(mailbox.id, { source: sourceOf(typed), ...secretsOf(typed) }),
    onSuccess(report) {
      setTyped(typedOf(report));
      props.onChanged();
    },
  });
  const ofImap = ways.filter(([way]) => way !== 'graph' && (administrator || way === 'password'));
  return (
    <form
      className={styles.form}
      aria-label="Sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <WayFields typed={typed} onChange={setTyped} ways={ofImap} />
      {save.error && <FailureBar error={save.error} onRetry={() => save.mutate()} />}
      <div className={styles.buttons}>
        <Button type="submit" appearance="primary" disabledFocusable={save.isPending}>
          Save
        </Button>
        <Text role="status" className={styles.quiet}>
          {save.isSuccess ? 'Saved. It is tried now.' : ''}
        </Text>
      </div>
    </form>
  );
}

function WayFields(props: { typed: Typed; ways: typeof ways; onChange: (typed: Typed) => void }) {
  const { typed, onChange } = props;
  const field = (
    name: keyof Typed,
    label: string,
    more: { hint?: string; secret?: boolean; required?: boolean } = {},
  ) => (
    <TextField
      label={label}
      value={String(typed[name])}
      onChange={(value) => onChange({ ...typed, [name]: value })}
      {...more}
    />
  );
  const choose = (way: Way) => onChange({ ...typed, ...presets[way], way });
  return (
    <>
      <Field label="How it is read">
        <Select value={typed.way} onChange={(_event, { value }) => choose(value as Way)}>
          {props.ways.map(([way, words]) => (
            <option key={way} value={way}>
              {words}
            </option>
          ))}
        </Select>
      </Field>
      {typed.way !== 'graph' && (
        <>
          {field('host', 'Server', { required: true })}
          {field('port', 'Port', { required: true })}
          <Switch
            label="Encrypted from the first byte"
            checked={typed.secure}
            onChange={(_event, { checked }) => onChange({ ...typed, secure: checked })}
          />
          {field('user', 'User name', { required: true })}
        </>
      )}
      {typed.way === 'password' && field('password', 'Password', { secret: true, hint: keptHint })}
      {isOAuth(typed.way) && (
        <>
          {field('tokenEndpoint', 'Token endpoint', { required: true, hint: 'An https address.' })}
          {field('clientId', 'Client id', { required: true })}
          {field('clientSecret', 'Client secret', { secret: true, hint: keptHint })}
          {typed.way !== 'exchange' && field('refreshToken', 'Refresh token', { secret: true, hint: keptHint })}
          {field('scope', 'Scope')}
        </>
      )}
    </>
  );
}

const keptHint = 'Stored sealed and never shown again.';

function TextField(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: string;
  secret?: boolean;
  required?: boolean;
}) {
  const { label, value, hint, secret = false, required = false } = props;
  return (
    <Field label={label} required={required} {...(hint === undefined ? {} : { hint })}>
      <Input
        type={secret ? 'password' : 'text'}
        autoComplete={secret ? 'new-password' : 'off'}
        value={value}
        onChange={(_event, data) => props.onChange(data.value)}
      />
    </Field>
  );
}

const isOAuth = (way: Way): boolean => way === 'exchange' || way === 'google' || way === 'oauth';

function typedOf({ connection }: MailboxReport): Typed {
  if (connection === null) return empty;
  const { host, port, secure, user, oauth } = connection;
  const reached = { ...empty, host, port: String(port), secure, user };
  if (oauth === null) return { ...reached, way: 'password' };
  const { tokenEndpoint, clientId, scope } = oauth;
  return { ...reached, way: 'oauth', tokenEndpoint, clientId, scope: scope ?? '' };
}

function sourceOf(typed: Typed): MailboxSource {
  if (typed.way === 'graph') return { kind: 'graph' };
  const { host, port, secure, user, tokenEndpoint, clientId, scope } = typed;
  const reached = { kind: 'imap', host, port: Number(port), secure, user } as const;
  if (!isOAuth(typed.way)) return reached;
  return { ...reached, oauth: { tokenEndpoint, clientId, scope: scope.trim() === '' ? null : scope.trim() } };
}

/** Only those that were typed: what is stored stays otherwise. */
function secretsOf({ way, password, clientSecret, refreshToken }: Typed): MailboxSecrets {
  const typed = isOAuth(way) ? { clientSecret, refreshToken } : way === 'password' ? { password } : {};
  return Object.fromEntries(Object.entries(typed).filter(([, value]) => value !== ''));
}
