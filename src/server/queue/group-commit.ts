import { isUnavailable } from '../db/errors.ts';

export interface GroupCommitOptions<Step> {
  /** Does all steps in one transaction, each leaving its answer in itself; resolves when they are durable. */
  readonly run: (steps: readonly Step[]) => Promise<void>;
  /** Bytes a step puts into its transaction, roughly. */
  readonly weigh: (step: Step) => number;
}

/** Steps and bytes of one transaction, so that nobody waits long for a crowd. */
const mostSteps = 256;
const mostBytes = 8 * 1024 * 1024;

/**
 * Until everything that is ready to run has run: what is asked for in the same breath belongs together, a finish and the next
 * claim, or the next step of each that the last commit let go on.
 */
export function breath(go: () => void): void {
  queueMicrotask(() => process.nextTick(go));
}

const drawn = () => new Promise<void>(breath);

/**
 * One flush of the disk for many: what arrives while a transaction is under way goes together into the next one. Nobody waits
 * for company: a step that comes alone is done alone. A group that fails is done again one by one, so that one bad row harms
 * nobody else; only when the database itself is away, all hear so at once.
 */
export function createGroupCommit<Step>({ run, weigh }: GroupCommitOptions<Step>): (step: Step) => Promise<void> {
  interface Waiting {
    readonly step: Step;
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let working = false;

  const take = (): Waiting[] => {
    let bytes = 0;
    const end = waiting.findIndex(({ step }, index) => {
      bytes += weigh(step);
      return index === mostSteps || (index > 0 && bytes > mostBytes);
    });
    return waiting.splice(0, end < 0 ? waiting.length : end);
  };

  const commit = async (group: readonly Waiting[]): Promise<void> => {
    try {
      await run(group.map(({ step }) => step));
      for (const { resolve } of group) resolve();
    } catch (error) {
      if (group.length === 1 || isUnavailable(error)) for (const { reject } of group) reject(error);
      else for (const one of group) await commit([one]);
    }
  };

  const work = async (): Promise<void> => {
    for (await drawn(); waiting.length > 0; await drawn()) await commit(take());
    working = false;
  };

  return (step) =>
    new Promise((resolve, reject) => {
      waiting.push({ step, resolve, reject });
      if (working) return;
      working = true;
      void work();
    });
}
