import { Button, Text } from '@fluentui/react-components';
import { ArrowLeftRegular } from '@fluentui/react-icons/svg/arrow-left';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { MailAddress } from '../../model/message.ts';
import type { OpenItem } from '../../outlook/mailbox.ts';
import { CardSurface } from '../card-surface.tsx';
import { Failure } from '../failure.tsx';
import { useLanguage } from '../language.tsx';
import type { Crm, Services } from '../services.ts';
import { ChoosePerson } from './choose-person.tsx';
import { pick, type Choices } from './choices.ts';
import { Nobody } from './nobody.tsx';
import type { PeopleLoader } from './people-loader.ts';
import { PersonDetailsView } from './person-details.tsx';
import { PersonFacts, PersonFactsSkeleton } from './person-facts.tsx';
import { PersonHead } from './person-head.tsx';
import { useDetails, useMatches } from './use-person.ts';
import styles from './person-section.module.css';

interface SectionProps {
  /** Whom the mail names; null when it names nobody. */
  readonly known: MailAddress | null;
  readonly item: OpenItem;
  readonly services: Services | null;
  readonly crm: Crm | null;
  readonly loader: PeopleLoader | null;
  readonly choices: Choices;
  /** From a chip back to the first person; null when that is who is shown. */
  readonly onBack: (() => void) | null;
}

/** The card of one address. Keyed by the address: one person's data cannot stand under another's name. */
export function PersonSection(props: SectionProps) {
  const { texts, direction } = useLanguage();
  const { known, item, onBack } = props;
  const section = useRef<HTMLElement>(null);
  const cameFromChip = onBack !== null;
  useEffect(() => {
    // Somebody asked for this card by a chip: reading goes on here.
    if (cameFromChip) section.current?.focus();
  }, [cameFromChip]);
  useLayoutEffect(() => {
    performance.mark('alongside:named', { detail: { turn: item.turn } });
  }, [item.turn]);

  return (
    <CardSurface ref={section} aria-label={texts.personRegion} tabIndex={-1} style={{ outlineOffset: 2 }}>
      {onBack && (
        <Button
          className={styles.back}
          appearance="subtle"
          size="small"
          icon={<ArrowLeftRegular style={direction === 'rtl' ? { transform: 'scaleX(-1)' } : {}} />}
          onClick={onBack}
        >
          {texts.back}
        </Button>
      )}
      {known === null ? (
        <>
          <Text as="h1" size={400} weight="semibold" style={{ margin: 0 }}>
            {item.kind === 'draft' ? texts.recipientsRegion : texts.nobodyOnMail}
          </Text>
          <Text className={styles.hint}>
            {item.kind === 'draft' ? texts.nobodyOnDraft : item.kind === 'mail' ? texts.nobodyOnMailHint : ''}
          </Text>
        </>
      ) : (
        <PersonCard {...props} known={known} />
      )}
    </CardSurface>
  );
}

function PersonCard(props: SectionProps & { known: MailAddress }) {
  const { known, item, services, crm, loader, choices } = props;
  const { texts } = useLanguage();
  const matches = useMatches(known.address, loader);
  const [chosenId, setChosenId] = useState(() => choices.of(known.address));
  const person = matches.data === undefined ? null : pick(matches.data, chosenId);
  const details = useDetails(person, crm?.people ?? null);
  const choose = (id: string | null): void => {
    choices.choose(known.address, id);
    setChosenId(id);
  };
  const settled = matches.data !== undefined;
  useLayoutEffect(() => {
    if (settled) performance.mark('alongside:card', { detail: { turn: item.turn } });
  }, [settled, item.turn]);

  const several = (matches.data?.length ?? 0) > 1;
  return (
    <>
      <PersonHead known={known} person={person} recordLink={person && crm ? crm.link(person) : null} />
      {matches.data === undefined ? (
        matches.error && services ? (
          <Failure
            error={matches.error}
            onRetry={() => void matches.refetch()}
            onSignIn={() =>
              void services.signIn().then(
                () => matches.refetch(),
                () => undefined,
              )
            }
          />
        ) : known.address === '' ? null : (
          <PersonFactsSkeleton />
        )
      ) : person !== null && crm !== null ? (
        <>
          <PersonFacts person={person} link={crm.link} />
          {person.table !== 'systemuser' && (
            <PersonDetailsView
              details={details.data ?? null}
              error={details.error}
              link={crm.link}
              onRetry={() => void details.refetch()}
              onSignIn={() =>
                void services?.signIn().then(
                  () => details.refetch(),
                  () => undefined,
                )
              }
            />
          )}
          {several && (
            <Button size="small" appearance="subtle" onClick={() => choose('')}>
              {texts.chooseAnother}
            </Button>
          )}
        </>
      ) : several ? (
        <ChoosePerson matches={matches.data} onChoose={choose} />
      ) : services ? (
        <Nobody known={known} item={item} services={services} onMade={() => void matches.refetch()} />
      ) : null}
    </>
  );
}
