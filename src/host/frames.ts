import type { AddinManifest } from './manifest.ts';
import type { OpenItem } from './open-item.ts';
import { appContextOf } from './protocol/app-context.ts';
import type { Dispatch } from './protocol/dispatch.ts';
import { initialDataOf } from './protocol/initial-data.ts';
import { launchOf } from './protocol/launch.ts';
import { createSession } from './protocol/session.ts';
import type { Session } from './protocol/session.ts';
import type { Person } from './graph.ts';
import type { Scene } from './calls/scene.ts';

export interface LogLine {
  readonly at: number;
  readonly frame: string;
  readonly direction: 'in' | 'out';
  readonly name: string;
}

export interface FramesOptions {
  readonly addin: AddinManifest;
  readonly user: Person;
  readonly dispatch: Dispatch<Scene>;
  readonly sceneOf: (item: OpenItem | null) => Scene;
  readonly roamingSettings: () => Promise<Readonly<Record<string, unknown>>>;
  readonly log: (line: LogLine) => void;
}

export interface FrameOptions {
  readonly container: HTMLElement;
  readonly url: string;
  readonly title: string;
  /** For the log. */
  readonly label: string;
  readonly isDialog?: boolean;
  /** The item that calls of this frame act on, asked for at every call. */
  readonly item: () => OpenItem | null;
  readonly onInitialData?: () => void;
  readonly onListening?: (event: string) => void;
  readonly onRegister?: (event: string, targetId: string) => number;
  readonly onUnregister?: (event: string) => void;
  readonly onNotify?: (action: number) => void;
  /** `ui.closeContainer()`. */
  readonly onClose?: () => void;
  /** `event.completed()` of a function command. */
  readonly onCompleted?: (invocation: string, status: number) => void;
  /** `messageParent` of a dialog, `messageChild` of a pane with a dialog. */
  readonly onMessage?: (text: string) => void;
}

export interface Frame {
  readonly element: HTMLIFrameElement;
  readonly session: Session;
  readonly close: () => void;
}

export type Frames = ReturnType<typeof createFrames>;

/** Calls of the library's common part, by their ids. */
const GENERIC = { completed: 94, closeContainer: 97, accessToken: 98, messageParent: 144, messageChild: 145 } as const;
const genericNames = new Map<number, string>(Object.entries(GENERIC).map(([name, id]) => [id, name]));
/** "This API is not supported here": there is no Microsoft identity platform behind the local Outlook. */
const NO_SINGLE_SIGN_ON = 13012;

const sandbox =
  'allow-scripts allow-forms allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-downloads';

/** All frames of the add-in. One ear for the window; who speaks is told by `event.source`, checked by `event.origin`. */
export function createFrames(options: FramesOptions) {
  const sessions = new Map<MessageEventSource, Session>();
  const { addin, user } = options;
  const locale = 'en-US';
  const correlationId = crypto.randomUUID();
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  let count = 0;

  const hear = (event: MessageEvent<unknown>) => {
    const session = event.source && sessions.get(event.source);
    if (session) void session.receive(event.data, event.origin);
  };

  const initialData = (item: OpenItem | null) =>
    initialDataOf(item, { user, permission: addin.permission, addinId: addin.id, timeZone });

  async function appContext(controlId: string): Promise<object> {
    return appContextOf({
      controlId,
      addinId: addin.id,
      addinName: addin.name,
      domains: addin.domains,
      locale,
      correlationId,
      width: window.innerWidth,
      height: window.innerHeight,
      roamingSettings: await options.roamingSettings().catch(() => ({})),
    });
  }

  function open(frame: FrameOptions): Frame {
    count += 1;
    const conversationId = `${crypto.randomUUID()}_${count}`;
    const controlId = `${addin.id}_${count}`; // never reused: office.js remembers dialogs by it
    const hostOrigin = window.location.origin;
    const isDialog = frame.isDialog ?? false;
    const launch = launchOf({
      url: frame.url,
      conversationId,
      controlId,
      hostOrigin,
      correlationId,
      locale,
      isDialog,
    });
    const element = document.createElement('iframe');
    const session = createSession({
      ...frame,
      conversationId,
      hostOrigin,
      frameOrigin: new URL(frame.url).origin,
      post: (message, origin) => element.contentWindow?.postMessage(message, origin),
      appContext: () => appContext(controlId),
      initialData: () => {
        frame.onInitialData?.();
        return initialData(frame.item());
      },
      invoke: (id, params) => options.dispatch.run(id, params, options.sceneOf(frame.item())),
      execute: async (id, params) => execute(frame, id, params),
      nameOfCall: (id) => genericNames.get(id) ?? options.dispatch.nameOf(id),
      onOpenWindow: (url) => options.sceneOf(frame.item()).shell.openWindow(url),
      log: ({ direction, name }) => options.log({ at: Date.now(), frame: frame.label, direction, name }),
    });

    element.title = frame.title;
    element.setAttribute('sandbox', sandbox);
    element.name = launch.name; // before the address: the library reads it first of all
    element.src = launch.url;
    frame.container.append(element);
    if (element.contentWindow) sessions.set(element.contentWindow, session);

    const close = () => {
      if (element.contentWindow) sessions.delete(element.contentWindow);
      element.remove();
    };
    return { element, session, close };
  }

  return {
    open,
    initialData,
    /** @returns the end of listening */
    listen(): () => void {
      window.addEventListener('message', hear);
      return () => window.removeEventListener('message', hear);
    },
  };
}

function execute(frame: FrameOptions, id: number, params: Readonly<Record<string, unknown>>): object {
  switch (id) {
    case GENERIC.completed:
      frame.onCompleted?.(String(params['0']), Number(params['1']));
      return answer(0);
    case GENERIC.closeContainer:
      setTimeout(() => frame.onClose?.()); // answer first, then take the frame away
      return answer(0);
    case GENERIC.accessToken:
      return answer(NO_SINGLE_SIGN_ON);
    case GENERIC.messageParent:
      frame.onMessage?.(String(params['messageToParent']));
      return answer(0);
    case GENERIC.messageChild:
      frame.onMessage?.(String(params['messageContent']));
      return answer(0);
    default:
      return answer(5000);
  }
}

const answer = (error: number) => ({ Error: error, Version: 1 });
