import { describe, expect, test } from '@jest/globals';
import { createLocalIdentity } from '../../src/identity/local.ts';
import { createNestedAppIdentity, type NestedAppClient } from '../../src/identity/nested-app.ts';
import type { TokenSource } from '../../src/identity/token-source.ts';

const noon = Date.parse('2026-11-21T12:00:00Z');

/** What a sign-in service does next, whichever way it is asked. */
type Behaviour = 'issues' | 'refuses' | 'is unreachable';

interface World {
  readonly source: TokenSource;
  behaviour: Behaviour;
  now: number;
  /** One entry per question that reached the service. */
  readonly asked: { interactive: boolean; claims: string | undefined }[];
}

/** Tokens are `token-1`, `token-2`, ... and last an hour. */
const bodies: Record<string, () => World> = {
  'the local identity provider': () => {
    const world = { behaviour: 'issues', now: noon, asked: [] as World['asked'] } as Omit<World, 'source'>;
    const source = createLocalIdentity({
      url: 'http://localhost:3000/identity/token',
      loginHint: 'dana@contoso.example',
      now: () => world.now,
      fetch: async (_url, init) => {
        expect(init?.method).toBe('POST');
        expect(JSON.parse(init?.body as string)).toEqual({ loginHint: 'dana@contoso.example' });
        if (world.behaviour === 'is unreachable') throw new TypeError('Failed to fetch');
        world.asked.push({ interactive: false, claims: undefined });
        if (world.behaviour === 'refuses') return new Response('{}', { status: 401 });
        const expiresOn = world.now / 1000 + 3600;
        return Response.json({ accessToken: `token-${world.asked.length}`, expiresOn });
      },
    });
    return Object.assign(world, { source });
  },

  'nested app authentication': () => {
    const world = { behaviour: 'issues', now: noon, asked: [] as World['asked'] } as Omit<World, 'source'>;
    const answer =
      (interactive: boolean): NestedAppClient['acquireTokenSilent'] =>
      async ({ scopes, loginHint, claims }) => {
        expect(scopes).toEqual(['api://alongside/access']);
        expect(loginHint).toBe('dana@contoso.example');
        if (world.behaviour === 'is unreachable') {
          throw Object.assign(new Error('network'), { errorCode: 'no_network_connectivity' });
        }
        world.asked.push({ interactive, claims });
        if (world.behaviour === 'refuses') {
          throw Object.assign(new Error('dana@contoso.example must sign in'), { errorCode: 'interaction_required' });
        }
        return { accessToken: `token-${world.asked.length}`, expiresOn: new Date(world.now + 3_600_000) };
      };
    const source = createNestedAppIdentity({
      load: async () => ({ acquireTokenSilent: answer(false), acquireTokenPopup: answer(true) }),
      scope: 'api://alongside/access',
      loginHint: 'dana@contoso.example',
      now: () => world.now,
    });
    return Object.assign(world, { source });
  },
};

describe.each(Object.entries(bodies))('a token from %s', (_name, create) => {
  test('is kept until a minute before it ends', async () => {
    const world = create();
    expect(await world.source.token()).toBe('token-1');
    world.now += 58 * 60_000;
    expect(await world.source.token()).toBe('token-1');
    world.now += 61_000;
    expect(await world.source.token()).toBe('token-2');
  });

  test('is asked for once when several parts of the pane need it at the same time', async () => {
    const world = create();
    const tokens = await Promise.all([world.source.token(), world.source.token(), world.source.token()]);
    expect(new Set(tokens)).toEqual(new Set(['token-1']));
    expect(world.asked).toHaveLength(1);
  });

  test('is new when a resource sends a claims challenge, or a person signs in', async () => {
    const world = create();
    await world.source.token();
    expect(await world.source.token({ claims: '{"access_token":{}}' })).toBe('token-2');
    expect(await world.source.token({ interactive: true })).toBe('token-3');
    expect(await world.source.token()).toBe('token-3');
  });

  test('is refused as "unauthorized", by a message that says no more than that', async () => {
    const world = create();
    world.behaviour = 'refuses';
    await expect(world.source.token()).rejects.toMatchObject({ name: 'CrmError', code: 'unauthorized' });
    await expect(world.source.token()).rejects.not.toThrow(/dana|token-/);
    world.behaviour = 'issues';
    await expect(world.source.token()).resolves.toMatch(/^token-/);
  });

  test('is "offline" when nobody answers, and asked for again the next time', async () => {
    const world = create();
    world.behaviour = 'is unreachable';
    await expect(world.source.token()).rejects.toMatchObject({ name: 'CrmError', code: 'offline' });
    world.behaviour = 'issues';
    expect(await world.source.token()).toBe('token-1');
  });
});

describe('nested app authentication', () => {
  test('opens a window only inside a click, after the silent way failed', async () => {
    const world = bodies['nested app authentication']!();
    world.behaviour = 'refuses';
    await expect(world.source.token()).rejects.toMatchObject({ code: 'unauthorized' });
    expect(world.asked.map(({ interactive }) => interactive)).toEqual([false]);
    await expect(world.source.token({ interactive: true })).rejects.toMatchObject({ code: 'unauthorized' });
    expect(world.asked.map(({ interactive }) => interactive)).toEqual([false, false, true]);
  });

  test('opens no window when there is no network', async () => {
    const world = bodies['nested app authentication']!();
    world.behaviour = 'is unreachable';
    await expect(world.source.token({ interactive: true })).rejects.toMatchObject({ code: 'offline' });
    expect(world.asked).toEqual([]);
  });
});

test('a sign-in service that answers nonsense is "unavailable"', async () => {
  const source = createLocalIdentity({
    url: '/identity/token',
    loginHint: '',
    now: () => noon,
    fetch: async () => new Response('<html>Welcome to the hotel network</html>'),
  });
  await expect(source.token()).rejects.toMatchObject({ code: 'unavailable' });
});
