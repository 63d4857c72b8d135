import type { ComponentProps } from 'react';
import { classes } from './classes.ts';
import styles from './card-surface.module.css';

/** The sheet every part of the pane lies on. A landmark when it is given a name. */
export function CardSurface({ className, ...rest }: ComponentProps<'section'>) {
  return <section className={classes(styles.card, className)} {...rest} />;
}
