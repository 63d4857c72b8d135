import { Skeleton, SkeletonItem } from '@fluentui/react-components';
import { CardSurface } from '../card-surface.tsx';
import { useLanguage } from '../language.tsx';

/** As high as the bar it stands for, so that nothing jumps. */
export function TrackSkeleton() {
  const { texts } = useLanguage();
  return (
    <CardSurface aria-label={texts.trackingRegion} aria-busy>
      <Skeleton aria-hidden style={{ display: 'flex', flexDirection: 'column', gap: 12 }}>
        <SkeletonItem size={20} style={{ width: '45%' }} />
        <SkeletonItem size={32} />
      </Skeleton>
    </CardSurface>
  );
}
