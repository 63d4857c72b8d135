import { lazy, Suspense, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import type { RegardingHit } from '../../api/regarding.ts';
import type { MailAddress } from '../../model/message.ts';
import type { OpenItem } from '../../outlook/mailbox.ts';
import { CardSurface } from '../card-surface.tsx';
import { useLanguage } from '../language.tsx';
import type { PeopleLoader } from '../person/people-loader.ts';
import type { Services, UndoMemory } from '../services.ts';
import { useKeptFocus } from '../use-kept-focus.ts';
import type { RecentRegarding } from './recent-regarding.ts';
import { TrackBar } from './track-bar.tsx';
import { TrackSkeleton } from './track-skeleton.tsx';
import { UntrackQuestion } from './untrack-question.tsx';
import { useTracker } from './use-tracker.ts';

const RegardingPanel = lazy(() => import('./regarding-panel.tsx'));
const WhyPanel = lazy(() => import('./why-panel.tsx'));

type Open = 'bar' | 'regarding' | 'untrack' | 'why';

/** The bar and what opens in its place. One mail, one section: keyed from outside. */
export function TrackSection(props: {
  item: OpenItem;
  services: Services;
  undoMemory: UndoMemory;
  recent: RecentRegarding;
  sender: MailAddress | null;
  loader: PeopleLoader | null;
}) {
  const { item, services, recent } = props;
  const { texts } = useLanguage();
  const [open, setOpen] = useState<Open>('bar');
  const section = useRef<HTMLElement>(null);
  useKeptFocus(section);
  const tracker = useTracker(item, services.tracking, props.undoMemory);
  const { settled } = tracker.view;

  /** Back to the button that opened the panel, which is there again once the bar is. */
  const giveUp = (): void => {
    flushSync(() => setOpen('bar'));
    [...(section.current?.querySelectorAll<HTMLElement>('[data-opener]') ?? [])].at(-1)?.focus();
  };

  const choose = (record: RegardingHit): void => {
    setOpen('bar');
    recent.add(record);
    const regarding = { table: record.table, id: record.id, name: record.name };
    if (settled.is === 'tracked') tracker.regard(regarding);
    else tracker.track(regarding);
  };

  return (
    <CardSurface ref={section} aria-label={texts.trackingRegion} tabIndex={-1} style={{ outlineOffset: 2 }}>
      {open === 'regarding' ? (
        <Suspense fallback={<TrackSkeleton />}>
          <RegardingPanel
            search={services.crm.regarding}
            recent={recent.list()}
            sender={props.sender}
            loader={props.loader}
            onChoose={choose}
            onClose={giveUp}
          />
        </Suspense>
      ) : open === 'untrack' ? (
        <UntrackQuestion
          onCancel={giveUp}
          onAnswer={(keepRecord) => {
            setOpen('bar');
            tracker.untrack(keepRecord);
          }}
        />
      ) : open === 'why' && tracker.askReasons ? (
        <Suspense fallback={<TrackSkeleton />}>
          <WhyPanel
            tracked={settled.is === 'tracked' || settled.is === 'colleague'}
            ask={tracker.askReasons}
            onSignIn={services.signIn}
            onClose={giveUp}
          />
        </Suspense>
      ) : (
        <TrackBar
          tracker={tracker}
          link={services.crm.link}
          onRegarding={() => setOpen('regarding')}
          onUntrack={() => setOpen('untrack')}
          onWhy={() => setOpen('why')}
          onSignIn={() => void services.signIn().then(tracker.retry, () => undefined)}
        />
      )}
    </CardSurface>
  );
}
