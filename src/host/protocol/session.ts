import { readRequest, writeAnswer, writeEvent, writeNotification } from './envelope.ts';
import type { Request } from './envelope.ts';

/** What office.js tells its host about keys and focus (`notifyHost`), as far as a host can act on it. */
export const FROM_PANE = {
  leftForward: 13,
  leftBackward: 14,
  escape: 15,
  nothingForward: 17,
  nothingBackward: 18,
} as const;
/** Focus goes into the pane: to its first control (Tab) or its last (Shift+Tab). */
export const INTO_PANE = { first: 11, last: 12 } as const;

export interface LogEntry {
  readonly direction: 'in' | 'out';
  /** A method or event name, never content. */
  readonly name: string;
}

export interface SessionOptions {
  readonly conversationId: string;
  readonly hostOrigin: string;
  /** The only origin this frame is listened to from and spoken to at. */
  readonly frameOrigin: string;
  readonly post: (message: string, targetOrigin: string) => void;
  readonly appContext: () => object | Promise<object>;
  /** Null: there is no item and nothing known about the user. */
  readonly initialData: () => object | null;
  /** An Outlook call (`ExecuteMethod`); answers whatever the id is. */
  readonly invoke: (id: number, params: unknown) => Promise<object>;
  /** A call of the library's common part (`executeMethod`). */
  readonly execute: (id: number, params: Readonly<Record<string, unknown>>) => Promise<object>;
  readonly nameOfCall: (id: number) => string;
  /** The number is the answer's error code, 0 when fine. */
  readonly onRegister?: (event: string, targetId: string) => number;
  /** The frame listens now: its registration has been answered. */
  readonly onListening?: (event: string) => void;
  readonly onUnregister?: (event: string) => void;
  readonly onNotify?: (action: number) => void;
  readonly onOpenWindow?: (url: string) => void;
  readonly log?: (entry: LogEntry) => void;
}

export type Session = ReturnType<typeof createSession>;

const UNEXPECTED = { error: true, errorCode: 5000, wasSuccessful: false };

/**
 * The host's half of one frame's conversation with office.js. Every request is answered, unknown ones included: office.js
 * waits for ever, or for 65 seconds, where nothing comes back.
 */
export function createSession(options: SessionOptions) {
  const registrations = new Map<string, Request>();
  const say = (direction: LogEntry['direction'], name: string) => options.log?.({ direction, name });

  function register(request: Request): object {
    const targetId = fieldOf(request.data, 'targetId');
    const error = options.onRegister?.(request.name, typeof targetId === 'string' ? targetId : '') ?? 0;
    if (error === 0) registrations.set(request.name, request);
    return { Error: error };
  }

  function unregister(request: Request): object {
    if (registrations.delete(request.name)) options.onUnregister?.(request.name);
    return { Error: 0 };
  }

  async function invoke(request: Request): Promise<unknown> {
    switch (request.name) {
      case 'ContextActivationManager_getAppContextAsync':
        registrations.clear(); // the frame starts anew: what an earlier page registered is gone with that page
        return options.appContext();
      case 'ContextActivationManager_notifyHost':
        options.onNotify?.(Number((request.data as unknown[] | null)?.[1]));
        return null;
      case 'ContextActivationManager_openWindowInHost':
        options.onOpenWindow?.(String(fieldOf(request.data, 'strUrl')));
        return null;
      case 'GetInitialData':
        return options.initialData();
      case 'ExecuteMethod':
        return options.invoke(dispatchId(request.data, 'MethodData'), fieldOf(request.data, 'ApiParams'));
      case 'executeMethod':
        return options.execute(dispatchId(request.data, 'DdaMethod'), request.data as Record<string, unknown>);
      default:
        return UNEXPECTED;
    }
  }

  function nameOf(request: Request): string {
    if (request.kind !== 'invoke') return `${request.kind} ${request.name}`;
    if (request.name === 'ExecuteMethod') return options.nameOfCall(dispatchId(request.data, 'MethodData'));
    if (request.name === 'executeMethod') return options.nameOfCall(dispatchId(request.data, 'DdaMethod'));
    return request.name.replace('ContextActivationManager_', '');
  }

  async function answer(request: Request): Promise<unknown> {
    if (request.kind === 'register') return register(request);
    if (request.kind === 'unregister') return unregister(request);
    try {
      return await invoke(request);
    } catch {
      return UNEXPECTED;
    }
  }

  return {
    /** Give it every message whose `source` is this frame. Messages from another origin are dropped. */
    async receive(message: unknown, origin: string): Promise<void> {
      if (origin !== options.frameOrigin) return;
      const request = readRequest(message);
      if (!request || request.conversationId !== options.conversationId) return;
      // Every keystroke with a modifier arrives as a notification: not worth a line of the log.
      if (!request.name.endsWith('_notifyHost')) say('in', nameOf(request));
      const data = await answer(request);
      options.post(writeAnswer(request, options.hostOrigin, data), options.frameOrigin);
      if (registrations.get(request.name) === request) options.onListening?.(request.name);
    },

    /** False when nobody in the frame listens to that event. */
    deliver(event: string, payload: unknown): boolean {
      const registration = registrations.get(event);
      if (!registration) return false;
      say('out', event);
      options.post(writeEvent(registration, options.hostOrigin, payload), options.frameOrigin);
      return true;
    },

    listensTo: (event: string): boolean => registrations.has(event),

    /** Registrations for something on the item end with the item. */
    forget: (events: readonly string[]): void => events.forEach((event) => registrations.delete(event)),

    notify(action: number): void {
      options.post(writeNotification(options.conversationId, options.hostOrigin, action), options.frameOrigin);
    },
  };
}

function fieldOf(data: unknown, name: string): unknown {
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>)[name] : undefined;
}

const dispatchId = (data: unknown, field: string): number => Number(fieldOf(fieldOf(data, field), 'DispatchId'));
