import type { DraftFields, FieldName } from './draft.ts';
import type { Frame, FrameOptions, Frames } from './frames.ts';
import type { OpenItem } from './open-item.ts';
import { wireAttachment } from './protocol/initial-data.ts';

const ITEM_CHANGED = 'olkItemSelectedChanged';
const THEME_CHANGED = 'officeThemeChanged';
/** Events of the item, not of the mailbox: they end when another item is shown. */
const itemEvents = ['olkRecipientsChanged', 'olkAttachmentsChanged', 'olkInfobarClicked'];

/** Colours as `0xRRGGBB`. */
export interface PaneTheme {
  readonly bodyBackgroundColor: number;
  readonly bodyForegroundColor: number;
  readonly controlBackgroundColor: number;
  readonly controlForegroundColor: number;
}

export interface PaneOptions extends Pick<FrameOptions, 'container' | 'url' | 'title' | 'onClose' | 'onNotify'> {
  readonly frames: Frames;
  readonly item: OpenItem | null;
  readonly theme: PaneTheme;
  readonly onDialog: (targetId: string) => number;
  readonly onDialogClosed: () => void;
  readonly onMessageToDialog: (text: string) => void;
}

export type Pane = ReturnType<typeof openPane>;

/**
 * The task pane beside the mail. Its calls carry no item id, so the pane is bound to an item here: to the shown one, as
 * soon as the pane has been told of it, which only an `ItemChanged` handler can be.
 */
export function openPane(options: PaneOptions) {
  const { frames } = options;
  let bound = options.item;
  let shown = options.item;
  let asked = false;
  let theme = options.theme;
  let stopWatching = watch(bound);

  const frame: Frame = frames.open({
    container: options.container,
    url: options.url,
    title: options.title,
    label: 'pane',
    item: () => bound,
    onInitialData: () => {
      bind(shown); // a page that starts, or starts anew, sees what is on the screen now
      asked = true;
    },
    onListening: (event) => {
      if (event === ITEM_CHANGED && !isBound(shown)) announce();
      if (event === THEME_CHANGED) tellTheme(); // this office.js keeps no theme: who asks to hear of it hears it now
    },
    onRegister: (event, targetId) => (event === 'dialogMessageReceived' ? options.onDialog(targetId) : 0),
    onUnregister: (event) => {
      if (event === 'dialogMessageReceived') options.onDialogClosed();
    },
    onMessage: options.onMessageToDialog,
    ...(options.onClose ? { onClose: options.onClose } : {}),
    ...(options.onNotify ? { onNotify: options.onNotify } : {}),
  });

  const tellTheme = () => frame.session.deliver(THEME_CHANGED, [JSON.stringify(theme)]);

  const isBound = (item: OpenItem | null) => item?.key === bound?.key;

  function bind(item: OpenItem | null): void {
    stopWatching();
    bound = item;
    stopWatching = watch(item);
  }

  function announce(): void {
    bind(shown);
    frame.session.forget(itemEvents);
    frame.session.deliver(ITEM_CHANGED, shown === null ? '' : frames.initialData(shown));
  }

  /** Tells the pane what changes in the mail being written. */
  function watch(item: OpenItem | null): () => void {
    if (item?.kind !== 'compose') return () => undefined;
    let before = item.fields();
    return item.subscribe((changed) => {
      const after = item.fields();
      tell(frame, changed, before, after);
      before = after;
    });
  }

  return {
    element: frame.element,
    session: frame.session,
    /** The reading pane shows an item, or none. The one it showed before, read again, makes no event: it only answers newer. */
    show(item: OpenItem | null): void {
      shown = item;
      if (!asked || isBound(item)) bind(item);
      else if (frame.session.listensTo(ITEM_CHANGED)) announce();
    },
    theme(next: PaneTheme): void {
      if (next === theme) return;
      theme = next;
      tellTheme();
    },
    close(): void {
      stopWatching();
      frame.close();
    },
  };
}

function tell(frame: Frame, changed: readonly FieldName[], before: DraftFields, after: DraftFields): void {
  const people = changed.filter((name) => name === 'to' || name === 'cc' || name === 'bcc');
  if (people.length > 0) {
    const fields = Object.fromEntries(people.map((name) => [name, true]));
    frame.session.deliver('olkRecipientsChanged', [JSON.stringify(fields)]);
  }
  if (!changed.includes('attachments')) return;
  const change = (attachmentStatus: 'added' | 'removed', [file]: DraftFields['attachments']) => {
    if (!file) return;
    const details = { attachmentStatus, attachmentDetails: wireAttachment(file) };
    frame.session.deliver('olkAttachmentsChanged', [JSON.stringify(details)]);
  };
  change(
    'added',
    after.attachments.filter((file) => !before.attachments.includes(file)),
  );
  change(
    'removed',
    before.attachments.filter((file) => !after.attachments.includes(file)),
  );
}
