import type { ChangeStatus } from '../../src/model/change.ts';
import { start } from './clock.ts';

/** What happened, in words, and what every screen said. */
export interface Story {
  readonly lines: readonly string[];
  readonly shown: readonly Shown[];
  readonly tell: (who: string, what: string) => void;
  readonly show: (who: string, status: ChangeStatus) => void;
}

export interface Shown {
  readonly at: number;
  readonly who: string;
  readonly status: ChangeStatus;
}

export function createStory(now: () => number): Story {
  const lines: string[] = [];
  const shown: Shown[] = [];
  const tell = (who: string, what: string) => void lines.push(`${clockTime(now())}  ${who}: ${what}`);
  return {
    lines,
    shown,
    tell,
    show(who, status) {
      shown.push({ at: now(), who, status });
      const because = status.reason === null ? '' : ` (${status.reason.code}: ${status.reason.message})`;
      tell(who, `shows ${short(status.id)} as ${status.state}${because}`);
    },
  };
}

/** Minutes, seconds and thousandths since the beginning. */
export function clockTime(at: number): string {
  return new Date(at - start).toISOString().slice(14, 23);
}

/** The end of an id, enough to follow it through a story; its beginning is the time, alike for all. */
export function short(id: string): string {
  return id.slice(-6);
}
