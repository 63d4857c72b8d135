import type { LogLine } from './frames.ts';

const KEPT = 500;

export type ProtocolLog = ReturnType<typeof createProtocolLog>;

/** The newest lines of what office.js and the host said. A new array after every line, so that React sees it. */
export function createProtocolLog() {
  const listeners = new Set<() => void>();
  let lines: readonly LogLine[] = [];
  const put = (next: readonly LogLine[]) => {
    lines = next;
    listeners.forEach((listener) => listener());
  };
  return {
    lines: () => lines,
    add: (line: LogLine) => put([...lines.slice(1 - KEPT), line]),
    clear: () => put([]),
    subscribe: (listener: () => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
