/** How many requests may be under way at once for one mailbox: the Outlook service refuses the fifth (429). */
const mostAtOnce = 4;

interface Gate {
  open: number;
  readonly waiting: (() => void)[];
}

/** One for the whole process: two parts of it that ask the same mailbox share its four places. */
const gates = new Map<string, Gate>();

/** Runs `work` when one of the mailbox's places is free. */
export async function withPlace<Result>(mailbox: string, work: () => Promise<Result>): Promise<Result> {
  const gate = gates.get(mailbox) ?? { open: 0, waiting: [] };
  gates.set(mailbox, gate);
  if (gate.open < mostAtOnce) gate.open += 1;
  else await new Promise<void>((resolve) => gate.waiting.push(resolve));
  try {
    return await work();
  } finally {
    // The place goes to the next one in line without becoming free in between.
    const next = gate.waiting.shift();
    if (next) next();
    else gate.open -= 1;
    if (gate.open === 0) gates.delete(mailbox);
  }
}
