/** An Office call that failed; `code` is Office's number (9044 an unknown category, 9020 too many characters, ...). */
export interface OfficeError extends Error {
  readonly code: number;
}

export function isOfficeError(error: unknown, code?: number): error is OfficeError {
  return error instanceof Error && 'code' in error && (code === undefined || error.code === code);
}

function officeError(code: number, message: string): OfficeError {
  return Object.assign(new Error(message), { code });
}

/** Ours, for a call that the host never answered; Office's own numbers are positive. */
export const unanswered = -1;

/** Resolves once office.js and its host know each other. False: this page is not inside Outlook. */
export async function officeReady(): Promise<boolean> {
  const { host } = await Office.onReady();
  return host === Office.HostType.Outlook;
}

/** Outlook on the web, the new one and phones carry out at most three asynchronous calls at a time. */
const atOnce = 3;
/** A host that drops an old item may never answer; without a limit three lost answers would stop every later call. */
const timeLimit = 10_000;

let running = 0;
const line: (() => void)[] = [];

function next(): void {
  running -= 1;
  line.shift()?.();
}

/**
 * Turns an Office callback into a promise, at most three at once. Rejects with an OfficeError.
 * @param more milliseconds that it may take beyond what is usual
 */
export async function ask<T>(call: (answer: (result: Office.AsyncResult<T>) => void) => void, more = 0): Promise<T> {
  if (running >= atOnce) await new Promise<void>((resolve) => line.push(resolve));
  running += 1;
  return new Promise<T>((resolve, reject) => {
    const tooLate = () => finish(() => reject(officeError(unanswered, 'Outlook did not answer.')));
    const timer = setTimeout(tooLate, timeLimit + more);
    let finished = false;
    const finish = (settle: () => void): void => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      next();
      settle();
    };
    try {
      call((result) =>
        finish(() => {
          if (result.status === Office.AsyncResultStatus.Succeeded) resolve(result.value);
          else reject(officeError(result.error.code, result.error.message));
        }),
      );
    } catch (error) {
      // A call that the open item's permissions do not cover throws at once.
      finish(() => reject(error instanceof Error ? error : officeError(0, String(error))));
    }
  });
}

/** Whether this Outlook has a member: versions differ, and the set numbers they announce are not always true. */
export function has<T extends object>(thing: T | null | undefined, member: keyof T): boolean {
  return thing != null && thing[member] != null;
}
