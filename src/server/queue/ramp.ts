/** How many Changes are carried out at once. */
export interface Ramp {
  readonly width: number;
  succeeded(): void;
  failed(): void;
  /** The CRM is back from an outage. */
  restart(): void;
}

/**
 * A CRM that has just come back is not met by all that waited for it: one Change goes first; every success lets one more go
 * beside it, which doubles the width with every round; a failure that may pass halves it.
 */
export function createRamp(widest: number): Ramp {
  let width = widest;
  return {
    get width() {
      return width;
    },
    succeeded() {
      width = Math.min(widest, width + 1);
    },
    failed() {
      width = Math.max(1, Math.floor(width / 2));
    },
    restart() {
      width = 1;
    },
  };
}
