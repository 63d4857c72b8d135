// Master categories, and open extensions: custom properties on a mail, roaming settings on the mailbox.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { badRequest, GraphError, notFound } from './errors.ts';
import { paramsOf } from './request.ts';
import type { GraphParts, Route } from './request.ts';

const extensionLimit = 64 * 1024;

const valuesOf = (request: FastifyRequest): Record<string, unknown> => {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('The request body must be a JSON object.');
  if (JSON.stringify(body).length > extensionLimit)
    throw new GraphError(413, 'ErrorMessageSizeExceeded', 'An extension holds at most 64 KB.');
  return Object.fromEntries(
    Object.entries(body).filter(([name]) => !name.startsWith('@') && name !== 'id' && name !== 'extensionName'),
  );
};

const extensionResource = (name: string, values: Record<string, unknown>) => ({
  '@odata.type': '#microsoft.graph.openTypeExtension',
  id: name,
  extensionName: name,
  ...values,
});

export const registerPropertyRoutes = (app: FastifyInstance, parts: GraphParts, open: Route) => {
  const { properties } = parts;

  app.get('/outlook/masterCategories', async (request) => {
    const { owner } = await open(request);
    return { value: properties.categories(owner.address) };
  });

  app.post('/outlook/masterCategories', async (request, reply) => {
    const { owner } = await open(request);
    const { displayName, color } = request.body as { displayName?: unknown; color?: unknown };
    if (typeof displayName !== 'string' || !displayName.trim())
      throw badRequest("The property 'displayName' is required.");
    if (typeof color !== 'string' || !/^(none|preset([0-9]|1[0-9]|2[0-4]))$/i.test(color))
      throw badRequest('color is None or Preset0 to Preset24.');
    const made = properties.addCategory(owner.address, displayName, color.toLowerCase());
    if (!made) throw new GraphError(409, 'ErrorItemAlreadyExists', 'A category with this name exists already.');
    parts.changed(owner.address);
    return reply.code(201).send(made);
  });

  const extensions = (prefix: string, keyOf: (request: FastifyRequest) => Promise<{ owner: string; key: string }>) => {
    const upsert = async (request: FastifyRequest, name: string) => {
      const { owner, key } = await keyOf(request);
      const values = properties.setExtension(owner, key, name, valuesOf(request));
      return extensionResource(name, values);
    };
    app.get(`${prefix}/extensions/:name`, async (request) => {
      const { owner, key } = await keyOf(request);
      const values = properties.extension(owner, key, paramsOf(request).name);
      if (!values) throw notFound('extension');
      return extensionResource(paramsOf(request).name, values);
    });
    app.patch(`${prefix}/extensions/:name`, async (request) => upsert(request, paramsOf(request).name));
    app.post(`${prefix}/extensions/:name`, async (request, reply) =>
      reply.code(201).send(await upsert(request, paramsOf(request).name)),
    );
    app.post(`${prefix}/extensions`, async (request, reply) => {
      const { extensionName } = request.body as { extensionName?: unknown };
      if (typeof extensionName !== 'string') throw badRequest("The property 'extensionName' is required.");
      return reply.code(201).send(await upsert(request, extensionName));
    });
    app.delete(`${prefix}/extensions/:name`, async (request, reply) => {
      const { owner, key } = await keyOf(request);
      if (!properties.removeExtension(owner, key, paramsOf(request).name)) throw notFound('extension');
      return reply.code(204).send();
    });
  };

  extensions('', async (request) => ({ owner: (await open(request)).owner.address, key: '' }));
  extensions('/messages/:id', async (request) => {
    const { owner, mailOf } = await open(request);
    return { owner: owner.address, key: mailOf(paramsOf(request).id).key };
  });
};
