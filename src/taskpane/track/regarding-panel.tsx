import { Input, Text } from '@fluentui/react-components';
import { SearchRegular } from '@fluentui/react-icons/svg/search';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import type { RegardingHit, RegardingSearch } from '../../api/regarding.ts';
import type { MailAddress } from '../../model/message.ts';
import { useLanguage } from '../language.tsx';
import type { PeopleLoader } from '../person/people-loader.ts';
import { useMatches } from '../person/use-person.ts';
import { RecordIcon } from '../record-icon.tsx';
import { useLate } from '../use-late.ts';
import { Turning } from '../waiting.tsx';
import { BarPanel } from './bar-panel.tsx';
import { move } from './list-keys.ts';
import { classes } from '../classes.ts';
import styles from './regarding-panel.module.css';

interface Group {
  readonly title: string;
  readonly hits: readonly RegardingHit[];
}

/**
 * What the mail is about: recent and related records first, then whatever is typed. A combobox in the sense of ARIA: focus
 * stays in the field, arrows move through the list, Enter chooses, Escape goes back.
 */
export default function RegardingPanel(props: {
  search: RegardingSearch;
  recent: readonly RegardingHit[];
  sender: MailAddress | null;
  loader: PeopleLoader | null;
  onChoose: (hit: RegardingHit) => void;
  onClose: () => void;
}) {
  const { onChoose, onClose } = props;
  const { texts } = useLanguage();
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState(0);
  const { groups, says, busy } = useGroups(typed.trim(), props);
  const hits = useMemo(() => groups.flatMap((group) => group.hits), [groups]);
  const at = Math.min(active, hits.length - 1);
  const late = useLate(busy);
  const listId = useId();
  const optionId = (index: number): string => `${listId}-${index}`;

  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  useEffect(() => {
    // Braces: Chromium answers with a promise, which React would take for a clean-up.
    void document.getElementById(`${listId}-${at}`)?.scrollIntoView({ block: 'nearest' });
  }, [listId, at]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const target = move(event.key, at, hits.length);
    const hit = hits[at];
    if (target !== null) setActive(target);
    else if (event.key === 'Enter' && hit) onChoose(hit);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  let index = -1;
  return (
    <BarPanel title={texts.regardingTitle} onClose={onClose}>
      <Input
        input={{
          ref: field,
          role: 'combobox',
          'aria-label': texts.regardingField,
          'aria-expanded': hits.length > 0,
          'aria-controls': listId,
          'aria-autocomplete': 'list',
          'aria-activedescendant': hits.length > 0 ? optionId(at) : undefined,
          autoComplete: 'off',
          spellCheck: false,
        }}
        placeholder={texts.regardingPlaceholder}
        contentBefore={<SearchRegular aria-hidden />}
        contentAfter={late ? <Turning /> : null}
        value={typed}
        onChange={(_event, { value }) => {
          setTyped(value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={listId} role="listbox" aria-label={texts.regardingResults} className={styles.list}>
        {groups.map((group) => (
          <div key={group.title} role="group" aria-label={group.title}>
            <div className={styles.group} aria-hidden>
              <Text size={200} weight="semibold">
                {group.title}
              </Text>
            </div>
            {group.hits.map((hit) => {
              index += 1;
              const mine = index;
              return (
                <div
                  key={hit.id}
                  id={optionId(mine)}
                  role="option"
                  aria-selected={mine === at}
                  className={classes(styles.hit, mine === at && styles.active)}
                  onMouseMove={() => setActive(mine)}
                  // Before the field loses focus to it.
                  onMouseDown={(event) => event.preventDefault()}
                  onClick={() => onChoose(hit)}
                >
                  <Hit hit={hit} />
                </div>
              );
            })}
          </div>
        ))}
      </div>
      {says !== null && (
        <Text size={200} className={styles.quiet}>
          {says}
        </Text>
      )}
      <div
        role="status"
        style={{ position: 'absolute', width: 1, height: 1, overflow: 'hidden', clipPath: 'inset(50%)' }}
      >
        {typed.trim().length >= 2 && !busy ? texts.hits(hits.length) : ''}
      </div>
    </BarPanel>
  );
}

function Hit({ hit }: { hit: RegardingHit }) {
  const { texts } = useLanguage();
  return (
    <>
      <span className={styles.icon}>
        <RecordIcon table={hit.table} />
      </span>
      <span className={styles.words}>
        <Text>{hit.name}</Text>
        <Text size={200} className={styles.quiet}>
          {[texts.table(hit.table), hit.detail].filter(Boolean).join(' · ')}
        </Text>
      </span>
    </>
  );
}

/** Shortest text worth asking a CRM for. */
const least = 2;
/** Milliseconds of rest before what is typed is asked for; an older question is aborted when the next one is asked. */
const rest = 150;

function useGroups(
  typed: string,
  props: {
    search: RegardingSearch;
    recent: readonly RegardingHit[];
    sender: MailAddress | null;
    loader: PeopleLoader | null;
  },
): { groups: readonly Group[]; says: string | null; busy: boolean } {
  const { search, recent, sender, loader } = props;
  const { texts } = useLanguage();
  const matches = useMatches(sender?.address ?? '', loader);
  const people = matches.data ?? [];
  const related = useQuery({
    queryKey: ['related', people.map(({ id }) => id)],
    enabled: people.length > 0,
    queryFn: ({ signal }) => search.related(people, signal),
  });
  const searching = typed.length >= least;
  const found = useQuery({
    queryKey: ['regarding', typed.toLocaleLowerCase()],
    enabled: searching,
    queryFn: async ({ signal }) => {
      await new Promise((resolve) => setTimeout(resolve, rest));
      signal.throwIfAborted();
      return search.search(typed, signal);
    },
    placeholderData: keepPreviousData,
  });

  if (searching) {
    const hits = found.data ?? [];
    const says = found.error
      ? texts.failure('unavailable')
      : !found.isFetching && hits.length === 0
        ? texts.noHits(typed)
        : null;
    return { groups: hits.length > 0 ? [{ title: texts.found, hits }] : [], says, busy: found.isFetching };
  }
  const recentIds = new Set(recent.map(({ id }) => id));
  const groups = [
    { title: texts.recent, hits: recent },
    { title: texts.related, hits: (related.data ?? []).filter(({ id }) => !recentIds.has(id)) },
  ].filter(({ hits }) => hits.length > 0);
  const says =
    typed.length > 0 ? texts.typeMore : groups.length === 0 && !related.isFetching ? texts.noSuggestions : null;
  return { groups, says, busy: related.isFetching };
}
