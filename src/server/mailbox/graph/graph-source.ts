import { setTimeout as wait } from 'node:timers/promises';
import type { MailSource } from '../source.ts';
import { SourceError } from '../source.ts';
import { createChanges } from './changes.ts';
import { readFolders } from './folders.ts';
import { createGraphDoor } from './graph-door.ts';
import { isMissingItem, toSourceError } from './graph-error.ts';
import { immutableIds } from './immutable-ids.ts';
import { createLargeMail } from './large-mail.ts';
import { createMark } from './mark.ts';
import { createSend } from './send.ts';

export interface GraphSourceOptions {
  /** Up to and with the version: `https://graph.microsoft.com/v1.0`. */
  readonly baseUrl: string;
  /** Whose mailbox: mail address or object id. */
  readonly user: string;
  /** Of an application that may Mail.ReadWrite, and Mail.Send where mail goes out. */
  readonly token: () => Promise<string>;
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Messages on one page. */
  readonly pageSize?: number;
  /** Resolves after so many milliseconds. */
  readonly pause?: (milliseconds: number) => Promise<void>;
  /** Milliseconds between two looks at mail that is older than where its folder began. */
  readonly lookEvery?: number;
}

/** A large mail over a slow line, milliseconds. */
const mimeWithin = 5 * 60_000;

/** A mailbox of Exchange Online by Microsoft Graph v1.0. One object lives as long as it is useful: it keeps no state of a poll. */
export function createGraphSource({
  pageSize = 200,
  pause = wait,
  lookEvery,
  ...options
}: GraphSourceOptions): MailSource {
  const door = createGraphDoor({ ...options, mailbox: options.user });
  const home = `/users/${encodeURIComponent(options.user)}`;
  const parts = { door, home, now: options.now };

  return {
    folders: () => readFolders(parts),
    changes: createChanges({ ...parts, pageSize, ...(lookEvery === undefined ? {} : { lookEvery }) }),

    mime: async (itemId, most) => {
      const answer = await door.ask(`${home}/messages/${encodeURIComponent(itemId)}/$value`, {
        headers: { accept: '*/*', prefer: immutableIds },
        most,
        within: mimeWithin,
      });
      if ('bytes' in answer) return answer.bytes;
      if (isMissingItem(answer.refusal)) return null;
      throw toSourceError(answer.refusal);
    },

    mark: createMark(parts),

    count: async (folderId, since) => {
      const folder = `${home}/mailFolders/${encodeURIComponent(folderId)}`;
      const isWhole = since === undefined || since.getTime() <= 0;
      const filter = isWhole ? '' : encodeURIComponent(`receivedDateTime ge ${since.toISOString().slice(0, 19)}Z`);
      const answer = await door.json(
        isWhole
          ? `${folder}?$select=totalItemCount`
          : `${folder}/messages?$filter=${filter}&$count=true&$select=id&$top=1`,
      );
      const count = answer?.[isWhole ? 'totalItemCount' : '@odata.count'];
      if (typeof count !== 'number') throw new SourceError('unavailable', 'Graph says no count of the folder.');
      return count;
    },

    send: createSend(parts),
    large: createLargeMail({ ...parts, pause }),
    close: async () => door.close(),
  };
}
