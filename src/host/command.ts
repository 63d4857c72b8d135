import type { Frame, Frames } from './frames.ts';
import type { OpenItem } from './open-item.ts';

export interface CommandOptions {
  readonly frames: Frames;
  readonly container: HTMLElement;
  /** The manifest's function file. */
  readonly url: string;
  readonly functionName: string;
  readonly controlId: string;
  readonly item: OpenItem;
}

export type CommandOutcome = 'completed' | 'unknown function' | 'did not start' | 'took too long';

const INVOKED = 'appCommandInvoked';
const START_LIMIT = 30_000;
const RUN_LIMIT = 5 * 60_000;

/** Runs a ribbon button's function in a hidden frame of its own, bound to the item that was open at the click. */
export function runCommand(options: CommandOptions): Promise<CommandOutcome> {
  const invocation = crypto.randomUUID();
  return new Promise((resolve) => {
    let started = false;
    let limit = setTimeout(() => finish('did not start'), START_LIMIT);
    const frame: Frame = options.frames.open({
      container: options.container,
      url: options.url,
      title: 'Ribbon command',
      label: 'command',
      item: () => options.item,
      onListening: (event) => {
        if (event !== INVOKED || started) return;
        started = true;
        clearTimeout(limit);
        limit = setTimeout(() => finish('took too long'), RUN_LIMIT);
        const source = JSON.stringify({ source: { id: options.controlId } });
        frame.session.deliver(INVOKED, [invocation, options.functionName, source]);
      },
      onCompleted: (id, status) => {
        if (id === invocation) finish(status === 0 ? 'completed' : 'unknown function');
      },
    });

    function finish(outcome: CommandOutcome): void {
      clearTimeout(limit);
      // The library still waits for the answer to its "completed"; then the frame goes.
      setTimeout(() => frame.close());
      resolve(outcome);
    }
  });
}
