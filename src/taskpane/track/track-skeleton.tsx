import { CardSurface } from '../card-surface.tsx';
import { useLanguage } from '../language.tsx';
import { Bars } from '../waiting.tsx';

/** As high as the bar it stands for, so that nothing jumps. */
export function TrackSkeleton() {
  const { texts } = useLanguage();
  return (
    <CardSurface aria-label={texts.trackingRegion} aria-busy>
      <Bars widths={['45%', '100%', '90%']} />
    </CardSurface>
  );
}
