// The mailbox of the local stack, behind the addresses and in the words of Microsoft Graph v1.0. Reading, marking and
// writing mails; what deletes received mail does not exist here.
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Identity, Caller } from '../identity.ts';
import type { Mail } from '../mailbox/mailboxes.ts';
import type { Person } from '../../mailbox/folder/summary.ts';
import { folderKeyOf, keyOf, partIndex } from '../mailbox/names.ts';
import { registerDeltaRoutes } from './delta-routes.ts';
import { registerDraftRoutes } from './draft-routes.ts';
import { answerError, badRequest, graphBody, GraphError, notFound } from './errors.ts';
import { registerFolderRoutes } from './folder-routes.ts';
import { registerPropertyRoutes } from './property-routes.ts';
import { originOf, paramsOf } from './request.ts';
import type { GraphParts, Route } from './request.ts';
import { readOptions, selected } from './query.ts';
import type { Options } from './query.ts';
import { attachmentResource, bodyResource, extendedProperties, messageResource } from './resources.ts';
import { registerSendRoutes } from './send-routes.ts';
import { registerSubscriptionRoutes } from './subscription-routes.ts';
import { createThrottle } from './throttle.ts';
import { registerUploads, registerUploadStart } from './upload-routes.ts';
import { createUploadSessions, type UploadSessions } from './upload-sessions.ts';

const callers = new WeakMap<FastifyRequest, Caller>();

const callerOf = (request: FastifyRequest): Caller => {
  const caller = callers.get(request);
  if (!caller) throw new GraphError(401, 'InvalidAuthenticationToken', 'Access token is empty.');
  return caller;
};

/** Whose mailbox: one's own; an application (the daemon) may open any. */
const ownerOf = (request: FastifyRequest, identity: Identity): Person => {
  const caller = callerOf(request);
  const { user } = paramsOf(request);
  if (user === undefined && !caller.isApplication) return caller;
  if (user === undefined) throw badRequest('/me request is only valid with delegated authentication flow.');
  if (caller.isApplication || user.toLowerCase() === caller.address || user === caller.id) {
    return identity.person(user === caller.id ? caller.address : user);
  }
  throw new GraphError(403, 'ErrorAccessDenied', 'Access is denied. Check credentials and try again.');
};

const nextLink = (request: FastifyRequest, options: Options) => {
  const url = new URL(request.url, originOf(request));
  url.searchParams.set('$skip', String(options.skip + options.top));
  url.searchParams.set('$top', String(options.top));
  return url.href;
};

const listMessages = async (
  request: FastifyRequest,
  { mailboxes }: GraphParts,
  owner: Person,
  folder: string | null,
) => {
  const options = readOptions(request.query as Record<string, string>);
  if (!mailboxes.ordered(options.order)) throw badRequest(`The local mailbox cannot order by '${options.order}'.`);
  const page = { folder, ...options };
  const found = mailboxes.list(owner.address, { ...page, top: options.top + 1 });
  const shown = await mailboxes.withDetails(found.slice(0, options.top));
  const resourceOf = (mail: Mail) => ({
    ...messageResource(owner.address, mail),
    ...(options.expand.length ? extendedProperties(mail, mailboxes.sizeOf(mail.key), options.expand) : {}),
  });
  const value = shown.map((mail) => selected(resourceOf(mail), options.select));
  return {
    '@odata.context': `${originOf(request)}/graph/v1.0/$metadata#messages`,
    ...(options.count ? { '@odata.count': mailboxes.count(owner.address, page) } : {}),
    value,
    ...(found.length > options.top ? { '@odata.nextLink': nextLink(request, options) } : {}),
  };
};

const prefersText = (request: FastifyRequest) =>
  /outlook\.body-content-type="?text/i.test(String(request.headers['prefer'] ?? ''));

const registerReading = (app: FastifyInstance, parts: GraphParts, open: Route) => {
  const { mailboxes, drafts } = parts;

  const contentOf = async (owner: Person, mail: Mail) => {
    const draft = mail.isDraft ? drafts.outgoing(owner, mail.key) : null;
    if (draft) {
      const { contentType, content } = draft.body;
      return {
        headers: draft.headers,
        html: contentType === 'html' ? content : null,
        text: contentType === 'text' ? content : null,
        attachments: draft.parts,
      };
    }
    const content = await mailboxes.content(mail.key);
    if (!content) throw new GraphError(404, 'ErrorItemNotFound', 'The file of this mail is not there any more.');
    return content;
  };

  const partOf = async (request: FastifyRequest) => {
    const { owner, mailOf } = await open(request);
    const index = partIndex(paramsOf(request).part);
    const part = (await contentOf(owner, mailOf(paramsOf(request).id))).attachments[index];
    if (!part) throw notFound('attachment');
    return { part, index };
  };

  app.get('/', async (request) => {
    const { owner } = await open(request);
    return {
      id: parts.identity.idOf(owner.address),
      displayName: owner.name,
      mail: owner.address,
      userPrincipalName: owner.address,
    };
  });

  app.get('/mailFolders/:folder/messages', async (request) => {
    const { owner, folderOf } = await open(request);
    return listMessages(request, parts, owner, folderOf(paramsOf(request).folder).key);
  });

  app.get('/messages', async (request) => {
    const { owner } = await open(request);
    return listMessages(request, parts, owner, null);
  });

  app.get('/messages/:id', async (request) => {
    const { owner, mailOf } = await open(request);
    const { select, expand } = readOptions(request.query as Record<string, string>);
    const mail = await mailboxes.detailed(mailOf(paramsOf(request).id));
    const content = await contentOf(owner, mail);
    const headers = select?.has('internetMessageHeaders') ? { internetMessageHeaders: content.headers } : {};
    const properties = expand.length ? extendedProperties(mail, mailboxes.sizeOf(mail.key), expand) : {};
    const body = bodyResource(content, prefersText(request));
    return selected({ ...messageResource(owner.address, mail), body, ...headers, ...properties }, select);
  });

  app.get('/messages/:id/$value', async (request, reply) => {
    const { owner, mailOf } = await open(request);
    const mail = mailOf(paramsOf(request).id);
    const raw = mail.isDraft ? drafts.mime(owner, mail.key) : await mailboxes.raw(mail.key);
    if (!raw) throw new GraphError(404, 'ErrorItemNotFound', 'The file of this mail is not there any more.');
    return reply.type('text/plain').send(raw);
  });

  app.get('/messages/:id/attachments', async (request) => {
    const { owner, mailOf } = await open(request);
    const { select } = readOptions(request.query as Record<string, string>);
    const { attachments } = await contentOf(owner, mailOf(paramsOf(request).id));
    return { value: attachments.map((part, index) => selected(attachmentResource(part, index), select)) };
  });

  app.get('/messages/:id/attachments/:part', async (request) => {
    const { part, index } = await partOf(request);
    return { ...attachmentResource(part, index), contentBytes: Buffer.from(part.bytes).toString('base64') };
  });

  app.get('/messages/:id/attachments/:part/$value', async (request, reply) => {
    const { part } = await partOf(request);
    // The bytes come from strangers: never to be shown as a page of this origin.
    reply.headers({
      'content-disposition': 'attachment',
      'x-content-type-options': 'nosniff',
      'content-security-policy': 'sandbox',
    });
    const type = /^[\w.+-]+\/[\w.+-]+$/.test(part.contentType) ? part.contentType : 'application/octet-stream';
    return reply.type(type).send(Buffer.from(part.bytes.buffer, part.bytes.byteOffset, part.bytes.byteLength));
  });
};

/** The name a request gives a mailbox; requests about no mailbox have none, and no limits. */
const mailboxOf = (request: FastifyRequest) => paramsOf(request).user?.toLowerCase();

/** Applications meet Graph's limits and, when a test asks for it, its bad days. */
const registerWeather = (app: FastifyInstance, { misbehaves, now }: GraphParts) => {
  const throttle = createThrottle(now);
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    if (!callerOf(request).isApplication) return;
    const mailbox = mailboxOf(request);
    if (mailbox !== undefined) {
      const leave = throttle.enter(mailbox);
      reply.raw.once('close', leave);
    }
    if (misbehaves.current.slow > 0) await wait(misbehaves.current.slow);
    const answer = misbehaves.takeAnswer();
    if (answer === null) return;
    const headers: Record<string, string> = answer.retryAfter === undefined ? {} : { 'retry-after': answer.retryAfter };
    const code = answer.status === 429 ? 'ApplicationThrottled' : 'serviceNotAvailable';
    throw new GraphError(answer.status, code, 'This answer was asked for.', headers);
  });
};

/** A plugin: register it with the prefix /graph/v1.0. */
export const graphRoutes = (parts: GraphParts) => async (app: FastifyInstance) => {
  const uploads = createUploadSessions(parts.now);
  app.setErrorHandler((error, request, reply) => {
    const { status, headers, body } = answerError(error);
    if (status >= 500) request.log.error(error);
    return reply.code(status).headers(headers).send(body);
  });
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send(
        graphBody('ResourceNotFound', `The local mailbox has no ${request.method} ${request.url.split('?')[0] ?? ''}.`),
      ),
  );
  await app.register((scope) => registerUploads(scope, parts, uploads));
  await app.register((scope) => registerSigned(scope, parts, uploads));
};

/** Everything that is asked with a token of Graph. */
const registerSigned = async (app: FastifyInstance, parts: GraphParts, uploads: UploadSessions) => {
  app.addHook('onRequest', async (request) => {
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (!token) throw new GraphError(401, 'InvalidAuthenticationToken', 'Access token is empty.');
    const caller = await parts.identity.verify(token);
    if (!caller) throw new GraphError(401, 'InvalidAuthenticationToken', 'Access token validation failure.');
    callers.set(request, caller);
  });
  registerWeather(app, parts);

  const open: Route = async (request) => {
    const owner = ownerOf(request, parts.identity);
    const mailOf = (id: string) => {
      const key = keyOf(owner.address, id);
      const mail = key && parts.mailboxes.find(owner.address, key);
      if (!mail) throw notFound('object');
      return mail;
    };
    const folderOf = (id: string) => {
      const folder = parts.mailboxes.folders.find(owner.address, folderKeyOf(owner.address, id));
      if (!folder) throw notFound('folder');
      return folder;
    };
    return { owner, mailOf, folderOf };
  };

  registerSubscriptionRoutes(app, parts, callerOf);

  for (const prefix of ['/me', '/users/:user']) {
    await app.register(
      async (scope) => {
        registerReading(scope, parts, open);
        registerFolderRoutes(scope, parts, open);
        registerDeltaRoutes(scope, parts, open);
        registerSendRoutes(scope, parts, open);
        registerDraftRoutes(scope, parts, open);
        registerUploadStart(scope, parts, uploads, open);
        registerPropertyRoutes(scope, parts, open);
      },
      { prefix },
    );
  }
};
