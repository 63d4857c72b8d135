import { describe, expect, test } from '@jest/globals';
import type { FrameOptions, Frames } from '../../src/host/frames.ts';
import type { OpenItem } from '../../src/host/open-item.ts';
import { readItem } from '../../src/host/open-item.ts';
import { openPane } from '../../src/host/pane.ts';
import { aMessage } from './memory-mailbox.ts';
import { aWorld } from './world.ts';

const ITEM_CHANGED = 'olkItemSelectedChanged';
const theme = { bodyBackgroundColor: 0, bodyForegroundColor: 1, controlBackgroundColor: 2, controlForegroundColor: 3 };
const mail = (id: string) => readItem(aMessage({ id }), []);

/** A pane whose page is played by the test: it starts, listens, and asks which item its calls act on. */
function aPane(item: OpenItem | null) {
  const heard: [string, unknown][] = [];
  const listening = new Set<string>();
  let frame: FrameOptions | undefined;
  const frames = {
    initialData: (shown: OpenItem | null) => ({ key: shown?.key }),
    open(options: FrameOptions) {
      frame = options;
      const session = {
        listensTo: (event: string) => listening.has(event),
        forget: (events: readonly string[]) => events.forEach((event) => listening.delete(event)),
        deliver: (event: string, payload: unknown) => {
          if (listening.has(event)) heard.push([event, payload]);
          return listening.has(event);
        },
      };
      return { element: {}, session, close: () => undefined };
    },
  } as unknown as Frames;
  const nothing = () => undefined;
  const pane = openPane({
    frames,
    container: {} as HTMLElement,
    url: 'http://localhost:3000/taskpane.html',
    title: 'Alongside',
    item,
    theme,
    onDialog: () => 0,
    onDialogClosed: nothing,
    onMessageToDialog: nothing,
  });
  return {
    pane,
    heard,
    start: () => frame?.onInitialData?.(),
    listen: (event: string) => {
      listening.add(event);
      frame?.onListening?.(event);
    },
    boundTo: () => frame?.item()?.key ?? null,
  };
}

describe('a pinned pane', () => {
  test('is told of the next message and acts on it from then on', () => {
    const { pane, heard, start, listen, boundTo } = aPane(mail('a'));
    start();
    listen(ITEM_CHANGED);
    pane.show(mail('b'));
    expect(heard).toEqual([[ITEM_CHANGED, { key: 'b' }]]);
    expect(boundTo()).toBe('b');
  });

  test('is told that nothing is selected', () => {
    const { pane, heard, start, listen, boundTo } = aPane(mail('a'));
    start();
    listen(ITEM_CHANGED);
    pane.show(null);
    expect(heard).toEqual([[ITEM_CHANGED, '']]);
    expect(boundTo()).toBeNull();
  });

  test('that does not listen stays with the message it knows', () => {
    const { pane, heard, start, boundTo } = aPane(mail('a'));
    start();
    pane.show(mail('b'));
    expect(heard).toEqual([]);
    expect(boundTo()).toBe('a');
  });

  test('that begins to listen a moment late is told at once what it missed', () => {
    const { pane, heard, start, listen, boundTo } = aPane(mail('a'));
    start();
    pane.show(mail('b'));
    listen(ITEM_CHANGED);
    expect(heard).toEqual([[ITEM_CHANGED, { key: 'b' }]]);
    expect(boundTo()).toBe('b');
  });

  test('that is still loading, or loads anew, starts with what is on the screen', () => {
    const { pane, heard, start, boundTo } = aPane(mail('a'));
    pane.show(mail('b'));
    start();
    expect(boundTo()).toBe('b');
    pane.show(mail('c')); // nobody listens yet
    start(); // reloaded
    expect([heard, boundTo()]).toEqual([[], 'c']);
  });

  test('reads the newer state of its message without an event', () => {
    const { pane, heard, start, listen, boundTo } = aPane(mail('a'));
    start();
    listen(ITEM_CHANGED);
    pane.show(mail('a'));
    expect([heard, boundTo()]).toEqual([[], 'a']);
  });

  test('hears what changes in the mail being written, and no more of it after a switch', () => {
    const { draft } = aWorld().write();
    const { pane, heard, start, listen } = aPane(draft);
    start();
    listen(ITEM_CHANGED);
    listen('olkRecipientsChanged');
    listen('olkAttachmentsChanged');
    draft.change({ to: [{ name: 'Amara', address: 'amara@fabrikam.example' }] });
    draft.attach('a.txt', 'text/plain', btoa('hello'));
    expect(heard.map(([event]) => event)).toEqual(['olkRecipientsChanged', 'olkAttachmentsChanged']);
    expect(heard[0]?.[1]).toEqual(['{"to":true}']);
    expect(JSON.parse((heard[1]?.[1] as string[])[0]!)).toMatchObject({
      attachmentStatus: 'added',
      attachmentDetails: { name: 'a.txt', size: 5 },
    });
    pane.show(mail('a'));
    draft.change({ cc: [] });
    expect(heard.map(([event]) => event).slice(2)).toEqual([ITEM_CHANGED]);
  });

  test('hears the colours when it begins to listen for them, and when they change', () => {
    const { pane, heard, start, listen } = aPane(mail('a'));
    start();
    listen('officeThemeChanged');
    const dark = { ...theme, bodyBackgroundColor: 0x292929 };
    pane.theme(dark);
    pane.theme(dark);
    expect(heard.map(([, payload]) => JSON.parse((payload as string[])[0]!) as unknown)).toEqual([theme, dark]);
  });
});
