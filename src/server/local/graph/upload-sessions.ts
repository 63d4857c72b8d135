// Files on their way into a draft, in ranges: https://learn.microsoft.com/graph/outlook-large-attachments
import { randomBytes } from 'node:crypto';
import type { Person } from '../../mailbox/folder/summary.ts';
import type { OutgoingPart } from '../mailbox/compose.ts';

export interface UploadSession {
  readonly id: string;
  /** Whoever has it may send the file's bytes, and needs nothing else. */
  readonly token: string;
  readonly owner: Person;
  /** Of the draft. */
  readonly key: string;
  readonly file: Omit<OutgoingPart, 'bytes'>;
  /** Bytes that the whole file has. */
  readonly size: number;
  /** Epoch milliseconds; it does not move while bytes come. */
  readonly expires: number;
  readonly ranges: Buffer[];
  /** Bytes that are here: what is expected next. */
  received: number;
}

/** Graph does not say how long one lives; an hour is what has been seen. */
const life = 60 * 60 * 1000;

export const createUploadSessions = (now: () => number) => {
  const sessions = new Map<string, UploadSession>();
  return {
    create: (wish: Pick<UploadSession, 'owner' | 'key' | 'file' | 'size'>): UploadSession => {
      for (const { id, expires } of sessions.values()) if (expires + life < now()) sessions.delete(id);
      const [id, token] = [randomBytes(16).toString('hex'), randomBytes(24).toString('base64url')];
      const session: UploadSession = { ...wish, id, token, expires: now() + life, ranges: [], received: 0 };
      sessions.set(id, session);
      return session;
    },
    find: (id: string): UploadSession | null => sessions.get(id) ?? null,
    isOver: ({ expires }: UploadSession) => expires <= now(),
    remove: (id: string) => void sessions.delete(id),
  };
};

export type UploadSessions = ReturnType<typeof createUploadSessions>;
