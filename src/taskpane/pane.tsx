import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from 'react';
import { foldAddress, participants, type MailAddress } from '../model/message.ts';
import type { Mailbox, OpenItem } from '../outlook/mailbox.ts';
import { CardSurface } from './card-surface.tsx';
import { DeviceStrip } from './device-strip.tsx';
import { Failure } from './failure.tsx';
import { NothingOpen } from './nothing-open.tsx';
import type { Choices } from './person/choices.ts';
import { firstChips, Participants } from './person/participants.tsx';
import { createPeopleLoader, type PeopleLoader } from './person/people-loader.ts';
import { PersonSection } from './person/person-section.tsx';
import { prefetchPeople } from './person/use-person.ts';
import type { Services, UndoMemory } from './services.ts';
import { ItemNote } from './track/item-note.tsx';
import type { RecentRegarding } from './track/recent-regarding.ts';
import { TrackSection } from './track/track-section.tsx';
import styles from './pane.module.css';

export function Pane(props: {
  mailbox: Mailbox;
  start: () => Promise<Services>;
  choices: Choices;
  recent: RecentRegarding;
}) {
  const { mailbox, start, choices, recent } = props;
  const item = useSyncExternalStore(mailbox.subscribe, mailbox.current);
  const { services, error, restart } = useServices(start);
  const loader = useMemo(() => services && createPeopleLoader(services.crm.people), [services]);
  const [undoMemory] = useState<UndoMemory>(() => new Map());
  usePrefetch(item, loader, mailbox.user);

  return (
    <>
      {services && <DeviceStrip services={services} />}
      {item === null ? (
        <NothingOpen because="no-item" />
      ) : (
        // Keyed by the opening: nothing of one mail's state can reach the next.
        <OpenItemView key={item.turn} {...{ item, services, loader, choices, recent, undoMemory }} user={mailbox.user}>
          {error !== null && <Failure error={error} onRetry={restart} onSignIn={restart} />}
        </OpenItemView>
      )}
    </>
  );
}

function OpenItemView(props: {
  item: OpenItem;
  services: Services | null;
  loader: PeopleLoader | null;
  choices: Choices;
  recent: RecentRegarding;
  undoMemory: UndoMemory;
  user: MailAddress;
  children: ReactNode;
}) {
  const { item, services, loader, choices, user } = props;
  const everybody = useMemo(() => peopleOf(item, user), [item, user]);
  const first = everybody[0] ?? null;
  const [selected, setSelected] = useState<MailAddress | null>(null);
  const shown = selected ?? first;
  const people = { crm: services?.crm ?? null, loader, choices };

  return (
    <main className={styles.pane}>
      {props.children ? <CardSurface>{props.children}</CardSurface> : null}
      {item.kind === 'mail' && services ? (
        <TrackSection
          item={item}
          services={services}
          undoMemory={props.undoMemory}
          recent={props.recent}
          sender={first}
          loader={loader}
        />
      ) : (
        <ItemNote item={item} />
      )}
      <PersonSection
        key={foldAddress(shown?.address ?? '')}
        known={shown}
        item={item}
        services={services}
        {...people}
        onBack={selected === null ? null : () => setSelected(null)}
      />
      <Participants
        people={everybody.filter((person) => person !== shown)}
        of={item.kind}
        {...people}
        onSelect={setSelected}
      />
    </main>
  );
}

/** Whom the card is about first: the sender, but for one's own mail the person it went to. */
function peopleOf(item: OpenItem, user: MailAddress): readonly MailAddress[] {
  const everybody = participants(item.message);
  const me = foldAddress(user.address);
  const isMe = ({ address }: MailAddress): boolean => foldAddress(address) === me;
  const [first] = everybody;
  if (first === undefined || (!isMe(first) && item.kind !== 'draft')) return everybody;
  return [...everybody.filter((person) => !isMe(person)), ...everybody.filter(isMe)];
}

/** The batch for a mail leaves with the mail, not after the first paint of its card. */
function usePrefetch(item: OpenItem | null, loader: PeopleLoader | null, user: MailAddress): void {
  const client = useQueryClient();
  useEffect(() => {
    if (item === null || loader === null) return;
    prefetchPeople(client, loader, peopleOf(item, user).slice(0, firstChips + 1));
  }, [client, item, loader, user]);
}

function useServices(start: () => Promise<Services>) {
  const client = useQueryClient();
  const [services, setServices] = useState<Services | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const restart = useCallback(() => setAttempt((number) => number + 1), []);
  useEffect(() => {
    let left = false;
    start().then(
      (started) => {
        if (left) return;
        setError(null);
        setServices({
          ...started,
          async signIn() {
            await started.signIn();
            // Whatever is on the screen was asked for without a sign-in.
            await client.refetchQueries({ type: 'active' });
          },
        });
      },
      (reason: unknown) => left || setError(reason),
    );
    return () => {
      left = true;
    };
  }, [client, start, attempt]);
  return { services, error, restart };
}
