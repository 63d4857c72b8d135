import { Button, Text } from '@fluentui/react-components';
import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from 'react';
import type { CreateChange } from '../../model/change.ts';
import type { MailAddress } from '../../model/message.ts';
import type { OpenItem } from '../../outlook/mailbox.ts';
import { useLanguage } from '../language.tsx';
import type { Services } from '../services.ts';
import { Turning } from '../waiting.tsx';
import type { PersonValues } from './create-person.tsx';
import styles from './nobody.module.css';

const load = () => import('./create-person.tsx');
const CreatePerson = lazy(load);

/** Nobody has this address: offer to add them, and follow the addition to its end. */
export function Nobody(props: { known: MailAddress; item: OpenItem; services: Services; onMade: () => void }) {
  const { known, item, services, onMade } = props;
  const { texts } = useLanguage();
  const [table, setTable] = useState<'contact' | 'lead' | null>(null);
  const [making, setMaking] = useState<{ lane: string; name: string; values: PersonValues } | null>(null);

  const made = (change: CreateChange, values: PersonValues): void =>
    setMaking({ lane: change.lane, name: `${values.firstname} ${values.lastname}`.trim(), values });

  if (making !== null && table !== null) {
    return (
      <Making
        lane={making.lane}
        name={making.name}
        services={services}
        onDone={onMade}
        onEdit={() => setMaking(null)}
      />
    );
  }
  if (table !== null) {
    return (
      <Suspense fallback={<Turning />}>
        <CreatePerson
          table={table}
          known={known}
          item={item}
          services={services}
          values={making}
          onMade={made}
          onCancel={() => setTable(null)}
        />
      </Suspense>
    );
  }
  if (known.address === '') return null;
  return (
    <>
      <Text className={styles.quiet}>{texts.nobodyHint}</Text>
      <div className={styles.buttons} onPointerEnter={() => void load()} onFocus={() => void load()}>
        <Button className={styles.wide} onClick={() => setTable('contact')}>
          {texts.addContact}
        </Button>
        <Button className={styles.wide} onClick={() => setTable('lead')}>
          {texts.addLead}
        </Button>
      </div>
    </>
  );
}

/** Waits for the addition; what waits on the device stays said, what was refused can be edited. */
function Making(props: { lane: string; name: string; services: Services; onDone: () => void; onEdit: () => void }) {
  const { lane, name, services, onDone, onEdit } = props;
  const { texts } = useLanguage();
  const { changes, drop, retryNow } = services.tracking;
  const statuses = useSyncExternalStore(changes.subscribe, () => changes.of(lane));
  const status = statuses.at(-1);
  const state = status?.state ?? 'sending';
  useEffect(() => {
    if (state === 'done') onDone();
  }, [state, onDone]);
  const edit = (): void => {
    if (status) void drop(status.id);
    onEdit();
  };
  switch (state) {
    case 'sending':
    case 'done':
      return <Turning label={texts.creating} />;
    case 'queued':
    case 'waiting':
      return (
        <>
          <Text role="status">{texts.creationWaits(name)}</Text>
          {status?.reason && <Text size={200}>{texts.reason(status.reason)}</Text>}
          <Button
            size="small"
            onClick={status?.reason?.code === 'unauthorized' ? () => void services.signIn() : retryNow}
          >
            {status?.reason?.code === 'unauthorized' ? texts.signIn : texts.tryNow}
          </Button>
        </>
      );
    case 'conflict':
    case 'refused':
      return (
        <>
          <Text role="alert" weight="semibold">
            {texts.creationRefused(name)}
          </Text>
          {status?.reason && <Text size={200}>{texts.reason(status.reason)}</Text>}
          <Button size="small" onClick={edit}>
            {texts.back}
          </Button>
        </>
      );
  }
}
