import type { ReactNode } from 'react';
import styles from './tag.module.css';

/** One word about a record: its table, or that it is inactive. */
export function Tag({ children }: { children: ReactNode }) {
  return <span className={styles.tag}>{children}</span>;
}
