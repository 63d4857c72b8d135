// https://learn.microsoft.com/graph/api/resources/subscription, for messages of a mailbox or of one folder.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { loopbackHosts } from '../../http/loopback.ts';
import { folderKeyOf } from '../mailbox/names.ts';
import type { Caller } from '../identity.ts';
import { badRequest, GraphError } from './errors.ts';
import { bodyOf, paramsOf, textOf } from './request.ts';
import type { GraphParts } from './request.ts';
import type { ChangeType, Subscription } from './subscriptions.ts';

const minute = 60_000;
/** Under three days for messages (later documents: seven); a shorter wish is raised to 45 minutes. */
const longest = 4230 * minute;
const shortest = 45 * minute;
const clientStateLimit = 128;
const changeTypes: readonly ChangeType[] = ['created', 'updated', 'deleted'];

const resourceOf = (subscription: Subscription) => ({
  '@odata.type': '#microsoft.graph.subscription',
  id: subscription.id,
  resource: subscription.resource,
  changeType: [...subscription.changeTypes].join(','),
  clientState: subscription.clientState,
  notificationUrl: subscription.notificationUrl,
  lifecycleNotificationUrl: subscription.lifecycleNotificationUrl,
  expirationDateTime: new Date(subscription.expires).toISOString(),
});

const changeTypesOf = (text: string) => {
  const wished = text.split(',').map((each) => each.trim());
  const known = changeTypes.filter((each) => wished.includes(each));
  if (known.length !== wished.length) throw badRequest(`Invalid 'changeType' attribute: '${text}'.`);
  return new Set(known);
};

/** The real one takes https addresses only; this one, which lives on loopback, tells nobody but this machine. */
const urlOf = (name: string, value: unknown) => {
  const url = textOf(name, value);
  if (!URL.canParse(url) || !loopbackHosts.includes(new URL(url).hostname))
    throw badRequest(`The property '${name}' must be an address of this machine.`);
  return url;
};

const expiryOf = (value: unknown, now: number) => {
  const at = Date.parse(textOf('expirationDateTime', value));
  if (Number.isNaN(at) || at <= now) throw badRequest('Subscription expiration must be in the future.');
  if (at > now + longest)
    throw badRequest(`Subscription expiration can only be ${longest / minute} minutes in the future.`);
  return Math.max(at, now + shortest);
};

/** `users/{id}/messages`, `/me/mailFolders('inbox')/messages`, `users/{id}/mailFolders/{id}/messages`. */
const readResource = (text: string) => {
  const pattern =
    /^\/?(?:me|users(?:\/([^/]+)|\('([^']+)'\)))(?:\/mailfolders(?:\/([^/]+)|\('([^']+)'\)))?\/messages$/i;
  const found = pattern.exec(text);
  if (!found) throw badRequest(`Resource not supported: '${text}'.`);
  const user = found[1] ?? found[2];
  const folder = found[3] ?? found[4];
  return {
    user: user === undefined ? null : decodeURIComponent(user).toLowerCase(),
    folder: folder === undefined ? null : decodeURIComponent(folder),
  };
};

export const registerSubscriptionRoutes = (
  app: FastifyInstance,
  parts: GraphParts,
  callerOf: (request: FastifyRequest) => Caller,
) => {
  const { subscriptions, identity, mailboxes, now } = parts;

  const placeOf = (request: FastifyRequest, resource: string) => {
    const caller = callerOf(request);
    const { user, folder } = readResource(resource);
    const address = user === null || user === caller.id ? caller.address : identity.person(user).address;
    if (!address || (!caller.isApplication && address !== caller.address))
      throw new GraphError(403, 'ExtensionError', 'Operation: Create; Exception: [Status Code: Forbidden]');
    const key = folder === null ? null : folderKeyOf(address, folder);
    if (key !== null && !mailboxes.folders.find(address, key))
      throw new GraphError(404, 'ExtensionError', 'The specified folder could not be found in the store.');
    return { owner: address, folder: key };
  };

  const mine = (request: FastifyRequest) => {
    const caller = callerOf(request);
    const found = subscriptions.find(paramsOf(request).id);
    if (!found || (!caller.isApplication && found.owner !== caller.address))
      throw new GraphError(404, 'ResourceNotFound', 'The object was not found.');
    return found;
  };

  app.post('/subscriptions', async (request, reply) => {
    const body = bodyOf(request);
    const resource = textOf('resource', body['resource']);
    const lifecycle = body['lifecycleNotificationUrl'] ?? null;
    const wish = {
      ...placeOf(request, resource),
      resource,
      changeTypes: changeTypesOf(textOf('changeType', body['changeType'])),
      notificationUrl: urlOf('notificationUrl', body['notificationUrl']),
      lifecycleNotificationUrl: lifecycle === null ? null : urlOf('lifecycleNotificationUrl', lifecycle),
      clientState: body['clientState'] === undefined ? null : textOf('clientState', body['clientState']),
      expires: expiryOf(body['expirationDateTime'], now()),
    };
    if ((wish.clientState?.length ?? 0) > clientStateLimit) throw badRequest("The property 'clientState' is too long.");
    for (const url of new Set([wish.notificationUrl, wish.lifecycleNotificationUrl])) {
      if (url !== null && !(await subscriptions.validate(url)))
        throw new GraphError(400, 'ValidationError', 'Subscription validation request failed.');
    }
    return reply.code(201).send(resourceOf(subscriptions.add(wish)));
  });

  app.get('/subscriptions', async (request) => {
    const caller = callerOf(request);
    const visible = subscriptions.list().filter(({ owner }) => caller.isApplication || owner === caller.address);
    return { value: visible.map(resourceOf) };
  });

  app.get('/subscriptions/:id', async (request) => resourceOf(mine(request)));

  app.patch('/subscriptions/:id', async (request) => {
    const found = mine(request);
    found.expires = expiryOf(bodyOf(request)['expirationDateTime'], now());
    return resourceOf(found);
  });

  app.post('/subscriptions/:id/reauthorize', async (request, reply) => {
    mine(request);
    return reply.code(204).send();
  });

  app.delete('/subscriptions/:id', async (request, reply) => {
    subscriptions.remove(mine(request).id);
    return reply.code(204).send();
  });
};
