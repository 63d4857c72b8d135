import { isWorthRepeating } from './errors.ts';

const mostAttempts = 5;

/** Does a transaction again that clashed with another writer, a few times. */
export async function repeatClashes<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error) {
      if (attempt === mostAttempts || !isWorthRepeating(error)) throw error;
    }
  }
}
