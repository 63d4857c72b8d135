import { Text } from '@fluentui/react-components';
import { useLanguage } from '../language.tsx';
import { TrackSkeleton } from './track-skeleton.tsx';
import styles from './item-note.module.css';

/** In the place of the bar: what holds for items that cannot be tracked, or not yet. */
export function ItemNote({ kind }: { kind: 'mail' | 'draft' | 'appointment' }) {
  const { texts } = useLanguage();
  switch (kind) {
    case 'mail':
      return <TrackSkeleton />;
    case 'draft':
      return <Text className={styles.note}>{texts.draftHint}</Text>;
    case 'appointment':
      return <Text className={styles.note}>{texts.appointmentHint}</Text>;
  }
}
