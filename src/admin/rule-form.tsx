import { Button, Combobox, Field, Option, Select, Switch, Text } from '@fluentui/react-components';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { MailboxFolder, MailboxFolderRule, RulePreview } from '../model/mailbox-report.ts';
import type { RegardingRef } from '../model/records.ts';
import { FailureBar } from './failure-bar.tsx';
import type { AdminServices } from './services.ts';
import styles from './folders-tab.module.css';

interface RuleProps {
  readonly mailboxId: string;
  readonly folder: MailboxFolder;
  readonly services: AdminServices;
  readonly onDone: () => void;
}

const usual: MailboxFolderRule = { includeSubfolders: false, regarding: null, appliesTo: 'new' };

/** A folder's rule. Nothing that lies in it is regarding something else before its owner has seen how many mails that would be. */
export function RuleForm({ mailboxId, folder, services, onDone }: RuleProps) {
  const { mailboxes } = services;
  const [rule, setRule] = useState(folder.rule ?? usual);
  const save = useMutation({
    mutationFn: () => mailboxes.setRule(mailboxId, folder.id, rule),
    onSuccess: onDone,
  });
  const remove = useMutation({ mutationFn: () => mailboxes.removeRule(mailboxId, folder.id), onSuccess: onDone });
  const error = save.error ?? remove.error;
  const busy = save.isPending || remove.isPending;
  return (
    <form
      className={styles.form}
      aria-label={folder.name}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <RegardingField
        value={rule.regarding}
        services={services}
        onChange={(regarding) => setRule({ ...rule, regarding })}
      />
      <Field label="Which mail">
        <Select
          value={rule.appliesTo}
          onChange={(_event, { value }) => setRule({ ...rule, appliesTo: value === 'all' ? 'all' : 'new' })}
        >
          <option value="new">What is filed here from now on</option>
          <option value="all">Also what lies here already</option>
        </Select>
      </Field>
      <Switch
        label="With the folders in it"
        checked={rule.includeSubfolders}
        onChange={(_event, { checked }) => setRule({ ...rule, includeSubfolders: checked })}
      />
      {rule.appliesTo === 'all' && (
        <Preview mailboxId={mailboxId} folder={folder} services={services} regarding={rule.regarding} />
      )}
      {error && (
        <FailureBar
          error={error}
          onRetry={() => {
            save.reset();
            remove.reset();
          }}
        />
      )}
      <div className={styles.buttons}>
        <Button type="submit" appearance="primary" disabledFocusable={busy}>
          {folder.rule === null ? 'Track this folder' : 'Save'}
        </Button>
        {folder.rule !== null && (
          <Button disabledFocusable={busy} onClick={() => remove.mutate()}>
            Stop tracking it
          </Button>
        )}
        <Button appearance="subtle" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

/** Two letters find something. */
const shortest = 2;

function RegardingField(props: {
  value: RegardingRef | null;
  services: AdminServices;
  onChange: (value: RegardingRef | null) => void;
}) {
  const [typed, setTyped] = useState(props.value?.name ?? '');
  const [open, setOpen] = useState(false);
  const { data } = useQuery({
    queryKey: ['regarding', typed],
    enabled: typed.trim().length >= shortest && typed !== props.value?.name,
    queryFn: ({ signal }) => props.services.regarding.search(typed.trim(), signal),
  });
  const hits = data ?? [];
  return (
    <Field label="Regarding" hint="Empty: tracked without a regarding record.">
      <Combobox
        freeform
        clearable
        // Hits come later than letters: the list opens when there is something in it.
        open={open && hits.length > 0}
        onOpenChange={(_event, data) => setOpen(data.open)}
        value={typed}
        selectedOptions={props.value === null ? [] : [props.value.id]}
        placeholder="Name, company, number…"
        onChange={(event) => {
          setTyped(event.target.value);
          setOpen(true);
          if (props.value !== null) props.onChange(null);
        }}
        onOptionSelect={(_event, { optionValue }) => {
          const hit = hits.find(({ id }) => id === optionValue);
          setTyped(hit?.name ?? '');
          setOpen(false);
          props.onChange(hit === undefined ? null : { table: hit.table, id: hit.id, name: hit.name });
        }}
      >
        {hits.map((hit) => (
          <Option key={hit.id} value={hit.id} text={hit.name}>
            {hit.detail === null ? hit.name : `${hit.name} · ${hit.detail}`}
          </Option>
        ))}
      </Combobox>
    </Field>
  );
}

function Preview(props: Omit<RuleProps, 'onDone'> & { regarding: RegardingRef | null }) {
  const { mailboxId, folder, services, regarding } = props;
  const { data, error, refetch } = useQuery({
    queryKey: ['rule-preview', mailboxId, folder.id, regarding?.id],
    queryFn: () => services.mailboxes.preview(mailboxId, folder.id, regarding),
  });
  if (error) return <FailureBar error={error} onRetry={() => void refetch()} />;
  return (
    <div role="status">
      {data && (
        <>
          <Text weight="semibold">{previewHead(data)}</Text>
          <ul>
            {data.regardingNow.map((group) => (
              <li key={`${group.regarding?.id ?? ''} ${String(group.byHand)}`}>
                <Text size={200}>{previewLine(group)}</Text>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function previewHead({ mails }: RulePreview): string {
  return mails === 1 ? 'One mail lies here.' : `${mails} mails lie here.`;
}

function previewLine({ regarding, mails, byHand }: RulePreview['regardingNow'][number]): string {
  const now = regarding === null ? 'no regarding record' : `regarding ${regarding.name}`;
  return byHand ? `${mails}: ${now}, set by hand, stays as it is` : `${mails}: ${now} until now`;
}
