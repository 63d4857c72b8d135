import type { Clock } from './clock.ts';
import type { Pane } from './pane.ts';
import type { PaneName } from './scenario.ts';
import { clockTime, short } from './story.ts';

/** Watches that what one pane says is done no other pane of that browser calls otherwise five seconds later, for I8. */
export interface PeerWatch {
  readonly violations: readonly string[];
  /** Told when a pane says of a Change that it is done. */
  readonly watch: (who: PaneName, changeId: string) => void;
}

/** Milliseconds. */
const tellingTime = 5_000;

/** @param panesBeside those that are open in the browser of this one */
export function createPeerWatch(clock: Clock, panesBeside: (who: PaneName) => readonly Pane[]): PeerWatch {
  const violations: string[] = [];
  return {
    violations,
    watch(who, changeId) {
      const at = clock.now();
      // A nap is longer than what is waited here, so that who is awake at both ends did not sleep between.
      const listening = panesBeside(who).filter(({ program }) => program.name !== who && !program.asleep);
      clock.after(tellingTime, () => {
        for (const { program, statuses } of listening) {
          const says = statuses.get(changeId)?.state;
          if (!program.alive || program.asleep || says === undefined || says === 'done') continue;
          violations.push(
            `${who} said at ${clockTime(at)} that ${short(changeId)} is done; ${program.name} still says ${says}`,
          );
        }
      });
    },
  };
}
