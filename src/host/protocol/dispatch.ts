import * as v from 'valibot';
import type { Permission } from '../manifest.ts';

/** What a call is answered with; office.js needs all three of the first fields to believe it. */
export interface Answer {
  readonly error: boolean;
  readonly errorCode: number;
  readonly wasSuccessful: boolean;
  readonly data?: unknown;
}

/** Codes of the library's own table; it puts name and text to them, in the user's language. */
export const CODE = {
  unexpected: 5000,
  noPermission: 7000,
  invalidAttachmentId: 9003,
  attachmentMissing: 9008,
  tooManyRecipients: 9012,
  settingsNotSaved: 9019,
  notSaved: 9021,
  duplicateNotification: 9023,
  notificationMissing: 9024,
  tooManyNotifications: 9025,
  invalidParameter: 9031,
  wrongSurface: 9032,
  mailboxAnsweredBadly: 9040,
  mailboxUnreachable: 9041,
  invalidCategory: 9044,
  duplicateCategory: 9045,
  itemNotSaved: 9046,
  keyNotFound: 9050,
  attachmentDownload: 9054,
} as const;

export type Code = (typeof CODE)[keyof typeof CODE];

export const done = (data?: unknown): Answer => ({ error: false, errorCode: 0, wasSuccessful: true, data });
export const failed = (code: Code): Answer => ({ error: true, errorCode: code, wasSuccessful: false });

/** A call as the host serves it: for anything of the add-in's permission or above, with parameters already checked. */
export interface Call<Scene> {
  readonly id: number;
  readonly name: string;
  /** Null: no permission needed. */
  readonly permission: Permission | null;
  readonly run: (params: unknown, scene: Scene) => Promise<object>;
}

const levels: readonly Permission[] = ['Restricted', 'ReadItem', 'ReadWriteItem', 'ReadWriteMailbox'];

export function call<Schema extends v.GenericSchema, Scene>(
  id: number,
  name: string,
  permission: Permission | null,
  params: Schema,
  handle: (params: v.InferOutput<Schema>, scene: Scene) => object | Promise<object>,
): Call<Scene> {
  return {
    id,
    name,
    permission,
    async run(given, scene) {
      const read = v.safeParse(params, given);
      return read.success ? handle(read.output, scene) : failed(CODE.invalidParameter);
    },
  };
}

export interface Dispatch<Scene> {
  readonly nameOf: (id: number) => string;
  readonly run: (id: number, params: unknown, scene: Scene) => Promise<object>;
}

/**
 * The registry of Outlook calls. An id that nobody serves is answered with 5000, as the library expects of a host that is
 * older than itself; `failureCode` says what a thrown error is called.
 */
export function createDispatch<Scene>(
  calls: readonly Call<Scene>[],
  permission: Permission,
  failureCode: (error: unknown) => Code,
): Dispatch<Scene> {
  const byId = new Map(calls.map((entry) => [entry.id, entry]));
  const allowed = (entry: Call<Scene>) =>
    entry.permission === null || levels.indexOf(entry.permission) <= levels.indexOf(permission);

  return {
    nameOf: (id) => byId.get(id)?.name ?? `call ${id}`,
    async run(id, params, scene) {
      const entry = byId.get(id);
      if (!entry) return failed(CODE.unexpected);
      if (!allowed(entry)) return failed(CODE.noPermission);
      try {
        return await entry.run(params, scene);
      } catch (error) {
        return failed(failureCode(error));
      }
    },
  };
}
