import type { People } from '../../api/people.ts';
import { foldAddress } from '../../model/message.ts';
import type { Person } from '../../model/records.ts';

interface Wish {
  readonly address: string;
  readonly signal: AbortSignal;
  readonly resolve: (people: readonly Person[]) => void;
  readonly reject: (error: unknown) => void;
}

/** One question per address, cached by address; what is asked in the same turn of the loop goes to the CRM as one batch. */
export interface PeopleLoader {
  load(address: string, signal: AbortSignal): Promise<readonly Person[]>;
}

export function createPeopleLoader(people: Pick<People, 'find'>): PeopleLoader {
  let wishes: Wish[] = [];

  async function ask(batch: readonly Wish[]): Promise<void> {
    const wanted = batch.filter(({ signal }) => !signal.aborted);
    if (wanted.length === 0) return;
    // The batch is for everybody in it: it ends early only when nobody wants it any more.
    const stop = new AbortController();
    let waiting = wanted.length;
    for (const { signal, reject } of wanted) {
      signal.addEventListener(
        'abort',
        () => {
          reject(signal.reason);
          waiting -= 1;
          if (waiting === 0) stop.abort(signal.reason);
        },
        { once: true },
      );
    }
    try {
      const found = await people.find([...new Set(wanted.map(({ address }) => address))], stop.signal);
      for (const { address, resolve } of wanted) resolve(found.get(address) ?? []);
    } catch (error) {
      for (const { reject } of wanted) reject(error);
    }
  }

  return {
    load(address, signal) {
      return new Promise((resolve, reject) => {
        if (wishes.length === 0) {
          queueMicrotask(() => {
            const batch = wishes;
            wishes = [];
            void ask(batch);
          });
        }
        wishes.push({ address: foldAddress(address), signal, resolve, reject });
      });
    },
  };
}
