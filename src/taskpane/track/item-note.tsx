import { Button, Text } from '@fluentui/react-components';
import { useEffect, useState } from 'react';
import type { DraftWish, OpenItem } from '../../outlook/mailbox.ts';
import { useLanguage } from '../language.tsx';
import { TrackSkeleton } from './track-skeleton.tsx';
import styles from './item-note.module.css';

/** In the place of the bar: what holds for items that cannot be tracked, or not yet. */
export function ItemNote({ item }: { item: OpenItem }) {
  const { texts } = useLanguage();
  switch (item.kind) {
    case 'mail':
      return <TrackSkeleton />;
    case 'draft':
      return item.wish ? <WishNote wish={item.wish} /> : <Text className={styles.note}>{texts.draftHint}</Text>;
    case 'appointment':
      return <Text className={styles.note}>{texts.appointmentHint}</Text>;
  }
}

/** A draft has nothing to track yet: the wish is written into it. */
function WishNote({ wish }: { wish: DraftWish }) {
  const { texts } = useLanguage();
  const [made, setMade] = useState(false);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let left = false;
    wish.isMade().then(
      (is) => left || setMade(is),
      () => undefined, // an answer that does not come looks like no wish, and making it again is harmless
    );
    return () => {
      left = true;
    };
  }, [wish]);

  const toggle = (): void => {
    setFailed(false);
    (made ? wish.takeBack() : wish.make()).then(
      () => setMade(!made),
      () => setFailed(true),
    );
  };

  return (
    <div className={styles.wish}>
      <Text role="status">{made ? texts.trackedWhenSent : texts.draftHint}</Text>
      {failed && <Text role="alert">{texts.gestureFailed}</Text>}
      <Button appearance={made ? 'secondary' : 'primary'} onClick={toggle}>
        {made ? texts.doNotTrack : texts.trackWhenSent}
      </Button>
    </div>
  );
}
