import { Button, Field, Input, Select, Switch, Text, Textarea } from '@fluentui/react-components';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { MailboxReport } from '../model/mailbox-report.ts';
import { FailureBar } from './failure-bar.tsx';
import type { AdminServices } from './services.ts';
import { settingFields, type SettingField } from './setting-fields.ts';
import styles from './settings-tab.module.css';

type Settings = NonNullable<MailboxReport['settings']>;

/** What the owner wants of the mailbox. Only what was changed is sent, so that two people's changes do not undo each other. */
export function SettingsTab(props: {
  mailboxId: string;
  settings: Settings;
  services: AdminServices;
  onChanged: () => void;
}) {
  const [changed, setChanged] = useState<Settings>({});
  const { mailboxes } = props.services;
  const save = useMutation({
    mutationFn: () => mailboxes.change(props.mailboxId, { settings: changed }),
    onSuccess() {
      setChanged({});
      props.onChanged();
    },
  });
  const isChanged = Object.keys(changed).length > 0;
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {settingFields.map((field) => (
        <SettingInput
          key={field.name}
          field={field}
          value={changed[field.name] ?? props.settings[field.name]}
          onChange={(value) => setChanged({ ...changed, [field.name]: value })}
        />
      ))}
      {save.error && <FailureBar error={save.error} onRetry={() => save.mutate()} />}
      <div className={styles.buttons}>
        <Button type="submit" appearance="primary" disabledFocusable={!isChanged || save.isPending}>
          Save
        </Button>
        <Button disabledFocusable={!isChanged} onClick={() => setChanged({})}>
          Discard
        </Button>
        <Text role="status" className={styles.quiet}>
          {save.isSuccess && !isChanged ? 'Saved.' : ''}
        </Text>
      </div>
    </form>
  );
}

function SettingInput(props: { field: SettingField; value: unknown; onChange: (value: unknown) => void }) {
  const { field, value, onChange } = props;
  switch (field.kind) {
    case 'flag':
      return (
        <Switch label={field.label} checked={value === true} onChange={(_event, { checked }) => onChange(checked)} />
      );
    case 'choice':
      return (
        <Field label={field.label}>
          <Select value={String(value)} onChange={(_event, data) => onChange(data.value)}>
            {field.choices.map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </Select>
        </Field>
      );
    case 'list':
      return (
        <Field label={field.label} hint={field.hint}>
          <Textarea
            resize="vertical"
            value={Array.isArray(value) ? value.join('\n') : ''}
            onChange={(_event, data) => onChange(data.value.split('\n'))}
            onBlur={() => Array.isArray(value) && onChange(value.map((each) => String(each).trim()).filter(Boolean))}
          />
        </Field>
      );
    case 'day':
      return (
        <Field label={field.label} hint={field.hint}>
          <Input
            type="date"
            value={typeof value === 'string' ? value.slice(0, 10) : ''}
            onChange={(_event, data) => onChange(data.value === '' ? null : data.value)}
          />
        </Field>
      );
    case 'number':
      return (
        <Field label={field.label}>
          <Input
            type="number"
            min={1}
            value={typeof value === 'number' ? String(value) : ''}
            onChange={(_event, data) => onChange(Number(data.value))}
          />
        </Field>
      );
  }
}
