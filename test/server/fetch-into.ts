import type { World } from './world.ts';

/** Our client speaks to the real CRM as the browser does, without a socket in between. */
export function fetchInto(world: World): typeof fetch {
  return async (input, init) => {
    const answer = await world.app.inject({
      method: (init?.method ?? 'GET') as 'GET',
      url: new URL(input as string).pathname + new URL(input as string).search,
      headers: Object.fromEntries(new Headers(init?.headers)),
      ...(init?.body == null ? {} : { payload: await payloadOf(init.body) }),
    });
    const body = answer.statusCode === 204 ? null : answer.body;
    return new Response(body, { status: answer.statusCode, headers: answer.headers as Record<string, string> });
  };
}

async function payloadOf(body: BodyInit): Promise<string | Buffer> {
  return typeof body === 'string' ? body : Buffer.from(await new Response(body).arrayBuffer());
}
