import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import type { ComponentProps } from 'react';

const useStyles = makeStyles({
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
    padding: tokens.spacingVerticalM,
    borderRadius: tokens.borderRadiusXLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    boxShadow: tokens.shadow2,
    // High contrast themes remove shadows; the edge stays.
    border: `1px solid ${tokens.colorTransparentStroke}`,
    minWidth: 0,
  },
});

/** The sheet every part of the pane lies on. A landmark when it is given a name. */
export function CardSurface({ className, ...rest }: ComponentProps<'section'>) {
  return <section className={mergeClasses(useStyles().card, className)} {...rest} />;
}
