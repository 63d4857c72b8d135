import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DatabaseError } from './errors.ts';

/**
 * Makes this process the owner of a data directory until `release` is called or the process ends, however it ends: the
 * operating system gives the lock back, so nothing stale is ever left behind.
 * The lock is SQLite's own, on a file of its own, so that it holds on every system and leaves the data file readable.
 * @throws {DatabaseError} `in-use`, naming the process that owns the directory.
 */
export function ownDirectory(directory: string): { release(): void } {
  mkdirSync(directory, { recursive: true });
  const lock = new DatabaseSync(join(directory, 'owner.lock'));
  try {
    lock.exec('create table if not exists owner (only integer primary key, pid integer not null)');
    lock.prepare('insert or replace into owner values (1, ?)').run(process.pid);
    // Reserved, not exclusive: whoever comes second may still read who came first.
    lock.exec('begin immediate');
  } catch (error) {
    const owner = readOwner(lock);
    lock.close();
    throw new DatabaseError(
      'in-use',
      `The data directory ${directory} is in use by another process${owner}. Stop it first, or set DATA_DIR to another directory.`,
      error,
    );
  }
  return { release: () => lock.close() };
}

function readOwner(lock: DatabaseSync): string {
  try {
    const pid = lock.prepare('select pid from owner').get()?.['pid'];
    return typeof pid === 'number' ? ` (process ${pid})` : '';
  } catch {
    return '';
  }
}
