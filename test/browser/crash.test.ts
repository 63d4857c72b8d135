import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeInBrowser } from './describe.ts';
import { emailsAbout, openOutlook, type Outlook } from './outlook.ts';

/**
 * Closes the pane at every await of a click on Track. Each step of the click (a call to IndexedDB, the network or Outlook) is
 * counted; at the nth the pane freezes, before the step or after it, and is closed and opened again. Whatever the moment: the
 * e-mail is in the CRM once and the pane says so, or nothing was recorded yet and the pane says that.
 */
describeInBrowser('closing the pane in the middle of a click', () => {
  let outlook: Outlook;
  beforeAll(async () => {
    outlook = await openOutlook();
    await outlook.context.addInitScript(freezeAtStep);
  });
  afterAll(() => outlook.close());

  const subject = 'They named the machine Bertha';

  test.each(['before', 'after'] as const)('freezing %s the nth step, for every n', async (when) => {
    await outlook.page.reload();
    await outlook.read(subject);
    let frozen = true;
    const kept: number[] = [];
    for (let step = 1; frozen; step += 1) {
      await outlook.says('Not tracked');
      await inPane(outlook, ([n, moment]) => window.freezeAt?.(n, moment), [step, when] as const);
      await outlook.button('Track').click();
      frozen = await inPane(outlook, () => window.frozenOrDone?.() ?? Promise.resolve(false), null);
      await outlook.closePane();
      await outlook.openPane();
      const rows = await settled(outlook);
      expect({ step, rows: rows.length }).toEqual({ step, rows: rows.length === 0 ? 0 : 1 });
      if (frozen) kept.push(rows.length);
      if (rows.length === 1) await untrack(outlook);
      expect(step).toBeLessThan(100);
    }
    // The first steps lose a click that nobody was told of, the later ones keep it: else this test froze nothing.
    expect(kept.length).toBeGreaterThan(4);
    expect(kept).toContain(1);
  });

  /** What the pane ends up saying is what the CRM holds. */
  async function settled({ tracking, stack }: Outlook) {
    const word = tracking.getByText(/^(Tracked|Not tracked)$/).first();
    await word.waitFor();
    await tracking
      .getByText(/^(Sending|Queued|Waiting on this device)$/)
      .first()
      .waitFor({ state: 'detached' });
    await tracking.page().waitForFunction(() => true);
    const said = await word.textContent();
    const rows = await emailsAbout(stack, subject);
    expect({ said, rows: rows.length }).toEqual({ said, rows: said === 'Tracked' ? 1 : 0 });
    return rows;
  }

  async function untrack({ stack, page }: Outlook) {
    const [row] = await emailsAbout(stack, subject);
    const response = await fetch(`${stack.addinUrl}/api/data/v9.2/emails(${row!.activityid})`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${await stack.token()}` },
    });
    expect(response.status).toBe(204);
    await page.reload();
    await outlook.read(subject);
  }
});

async function inPane<Argument, Answer>(
  outlook: Outlook,
  work: (argument: Argument) => Answer | Promise<Answer>,
  argument: Argument,
): Promise<Answer> {
  const handle = await outlook.page.locator('iframe[title="Alongside"]').elementHandle();
  const frame = await handle.contentFrame();
  return frame!.evaluate(work as never, argument as never);
}

declare global {
  interface Window {
    freezeAt?: (step: number, when: 'before' | 'after') => void;
    frozenOrDone?: () => Promise<boolean>;
  }
}

/** Runs in every frame before its scripts: wraps what a click waits for. */
function freezeAtStep(): void {
  let left = Number.POSITIVE_INFINITY;
  let moment: 'before' | 'after' = 'before';
  let steps = 0;
  let frozen = false;
  const never = new Promise<never>(() => undefined);
  window.freezeAt = (step, when) => {
    left = step;
    moment = when;
    frozen = false;
  };
  // Frozen, or no step for so long that the click is over: the count did not reach n.
  window.frozenOrDone = async () => {
    for (let quiet = 0, seen = steps; !frozen && quiet < 12; quiet = steps === seen ? quiet + 1 : 0, seen = steps) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    left = Number.POSITIVE_INFINITY;
    return frozen;
  };
  const reached = (): boolean => {
    steps += 1;
    left -= 1;
    frozen ||= left === 0;
    return left === 0;
  };
  const ownFetch = window.fetch.bind(window);
  window.fetch = async (...request) => {
    if (frozen) return never;
    const here = reached();
    if (here && moment === 'before') return never;
    const answer = await ownFetch(...request);
    return here || frozen ? never : answer;
  };
  const begin = Reflect.get<IDBDatabase, 'transaction'>(IDBDatabase.prototype, 'transaction');
  IDBDatabase.prototype.transaction = function (...request) {
    const here = !frozen && reached();
    const transaction = begin.apply(this, request);
    // Before: nothing of it reaches the disk. After: all of it does, and nobody hears.
    if (frozen && !(here && moment === 'after')) transaction.abort();
    if (here) transaction.addEventListener('complete', (event) => event.stopImmediatePropagation(), { capture: true });
    return transaction;
  };
}
