import { describe, expect, test } from '@jest/globals';
import { createSession } from '../../src/host/protocol/session.ts';
import type { SessionOptions } from '../../src/host/protocol/session.ts';

const ADDIN = 'http://localhost:3000';
const HOST = 'http://localhost:3001';

interface Said {
  readonly _actionName: string;
  readonly _correlationId: number;
  readonly _responseType: number;
  readonly _data: unknown;
}

/** A frame with office.js in it, as far as the host can see. */
function aFrame(options: Partial<SessionOptions> = {}) {
  const said: Said[] = [];
  const targets: string[] = [];
  let correlation = 0;
  const session = createSession({
    conversationId: 'c1',
    hostOrigin: HOST,
    frameOrigin: ADDIN,
    post: (message, target) => {
      said.push(JSON.parse(message) as Said);
      targets.push(target);
    },
    appContext: () => ({ _id: 'control' }),
    initialData: () => ({ itemType: 1 }),
    invoke: async (id) => ({ error: false, errorCode: 0, wasSuccessful: true, data: id }),
    execute: async () => ({ Error: 0 }),
    nameOfCall: (id) => `call ${id}`,
    ...options,
  });
  const ask = async (name: string, data: unknown = null, kind = 0, origin = ADDIN) => {
    const envelope = { _messageType: 0, _actionType: kind, _actionName: name, _conversationId: 'c1' };
    const message = { ...envelope, _correlationId: correlation++, _origin: origin, _data: data };
    await session.receive(JSON.stringify(message), origin);
    return said.at(-1);
  };
  return { session, ask, said, targets };
}

const APP_CONTEXT = 'ContextActivationManager_getAppContextAsync';
const CHANGED = 'olkItemSelectedChanged';

describe('a frame’s conversation with its host', () => {
  test('the handshake: who are you, what is open, and I listen', async () => {
    const { session, ask, targets } = aFrame();
    expect((await ask(APP_CONTEXT, 'control'))?._data).toEqual({ _id: 'control' });
    expect((await ask('ContextActivationManager_notifyHost', ['control', 21, HOST]))?._data).toBeNull();
    expect((await ask('GetInitialData', {}))?._data).toEqual({ itemType: 1 });
    expect((await ask(CHANGED, { targetId: '' }, 1))?._data).toEqual({ Error: 0 });
    expect(session.listensTo(CHANGED)).toBe(true);
    expect(new Set(targets)).toEqual(new Set([ADDIN])); // never "*"
  });

  test('every request is answered, also the ones nobody knows', async () => {
    const { ask, said } = aFrame();
    const names = [APP_CONTEXT, 'GetInitialData', 'ExecuteMethod', 'executeMethod', 'SomethingNewer'];
    for (const name of names) await ask(name, {});
    expect(said.map(({ _correlationId }) => _correlationId)).toEqual([0, 1, 2, 3, 4]);
    expect(said.at(-1)?._data).toEqual({ error: true, errorCode: 5000, wasSuccessful: false });
  });

  test('a call that fails inside is answered too', async () => {
    const { ask } = aFrame({ invoke: () => Promise.reject(new Error('no')) });
    expect((await ask('ExecuteMethod', { MethodData: { DispatchId: 37 } }))?._data).toMatchObject({ errorCode: 5000 });
  });

  test('un-registering what was never registered is answered (Escape in a pane does it)', async () => {
    const { ask } = aFrame();
    expect((await ask('dialogNotificationShown', {}, 2))?._data).toEqual({ Error: 0 });
  });

  test('events go to whoever registered, and to nobody else', async () => {
    const { session, ask, said } = aFrame();
    expect(session.deliver(CHANGED, '')).toBe(false);
    await ask(CHANGED, { targetId: '' }, 1);
    expect(session.deliver(CHANGED, { itemType: 1 })).toBe(true);
    expect(said.at(-1)).toMatchObject({ _actionName: CHANGED, _responseType: 1, _data: { itemType: 1 } });
    await ask(CHANGED, {}, 2);
    expect(session.deliver(CHANGED, '')).toBe(false);
  });

  test('a reloaded page has to register again', async () => {
    const { session, ask } = aFrame();
    await ask(CHANGED, { targetId: '' }, 1);
    await ask(APP_CONTEXT, 'control');
    expect(session.listensTo(CHANGED)).toBe(false);
  });

  test('a registration that is refused is none', async () => {
    const { session, ask } = aFrame({ onRegister: () => 12007 });
    expect((await ask('dialogMessageReceived', { targetId: '{}' }, 1))?._data).toEqual({ Error: 12007 });
    expect(session.listensTo('dialogMessageReceived')).toBe(false);
  });

  test('who comes from another origin, or speaks of another conversation, hears nothing', async () => {
    const { session, ask, said } = aFrame();
    await ask(APP_CONTEXT, 'control', 0, 'http://evil.example');
    await session.receive(JSON.stringify({ _messageType: 0, _actionType: 0, _actionName: 'GetInitialData' }), ADDIN);
    expect(said).toEqual([]);
  });

  test('the log names calls and holds no content', async () => {
    const lines: string[] = [];
    const { ask } = aFrame({ log: ({ direction, name }) => lines.push(`${direction} ${name}`) });
    await ask('ExecuteMethod', { ApiParams: { data: 'secret' }, MethodData: { DispatchId: 37 } });
    await ask('ContextActivationManager_notifyHost', ['control', 39, { keyCode: 65 }]);
    expect(lines).toEqual(['in call 37']);
  });
});
