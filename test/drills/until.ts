/** Waits for a condition; time is only the limit after which a drill gives up, far beyond what a busy machine needs. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, seconds = 180): Promise<void> {
  for (const end = Date.now() + seconds * 1_000; Date.now() < end;) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`It did not happen in ${seconds} s: ${what}.`);
}
