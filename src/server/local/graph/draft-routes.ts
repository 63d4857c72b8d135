// Marks on mails, and mails being written.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isObject } from '../../../model/is-object.ts';
import { attachmentLimit, changeKey } from '../mailbox/drafts.ts';
import type { AnswerKind, Draft } from '../mailbox/drafts.ts';
import type { Mail } from '../mailbox/mailboxes.ts';
import type { Person } from '../../mailbox/folder/summary.ts';
import { partIndex } from '../mailbox/names.ts';
import { newMessageId } from '../mailbox/compose.ts';
import { readMimeDraft } from '../mailbox/mime-draft.ts';
import { badRequest, GraphError, notFound, sendAsDenied, tooLarge } from './errors.ts';
import { attachmentResource, bodyResource, messageResource } from './resources.ts';
import { bodyOf, paramsOf, textOf } from './request.ts';
import type { GraphParts, Route } from './request.ts';
import { mimeOf } from './send-routes.ts';

type Body = ReturnType<typeof bodyOf>;

const personOf = (value: unknown): Person => {
  const address = isObject(value) && isObject(value['emailAddress']) ? value['emailAddress'] : null;
  if (typeof address?.['address'] !== 'string') throw badRequest('A recipient needs emailAddress.address.');
  const name = typeof address['name'] === 'string' ? address['name'] : address['address'];
  return { name, address: address['address'].trim() };
};

const peopleOf = (value: unknown): Person[] => {
  if (!Array.isArray(value)) throw badRequest('Recipients must be an array.');
  return value.map(personOf);
};

const mailBodyOf = (value: unknown): Draft['body'] => {
  if (!isObject(value)) throw badRequest("The property 'body' must be an object.");
  const contentType = textOf('body.contentType', value['contentType']).toLowerCase();
  if (contentType !== 'html' && contentType !== 'text') throw badRequest('body.contentType is html or text.');
  return { contentType, content: textOf('body.content', value['content'] ?? '') };
};

const importanceOf = (value: unknown): Draft['importance'] => {
  const said = textOf('importance', value).toLowerCase();
  if (said !== 'low' && said !== 'normal' && said !== 'high') throw badRequest('importance is low, normal or high.');
  return said;
};

const headersOf = (value: unknown): Draft['headers'] => {
  if (!Array.isArray(value)) throw badRequest('internetMessageHeaders must be an array.');
  return value.map((each) => {
    if (!isObject(each)) throw badRequest('A header needs name and value.');
    const name = textOf('name', each['name']);
    if (!/^x-[\w-]+$/i.test(name)) throw badRequest("The name of a custom header begins with 'x-'.");
    return { name, value: textOf('value', each['value']) };
  });
};

const messageIdOf = (value: unknown) => {
  const id = textOf('internetMessageId', value);
  if (!/^<[^<>\s]{1,990}>$/.test(id)) throw badRequest('internetMessageId is in the format of RFC 2822.');
  return id;
};

const draftFields = (body: Body): Partial<Draft> => ({
  ...('subject' in body ? { subject: textOf('subject', body['subject']) } : {}),
  ...('body' in body ? { body: mailBodyOf(body['body']) } : {}),
  ...('toRecipients' in body ? { to: peopleOf(body['toRecipients']) } : {}),
  ...('ccRecipients' in body ? { cc: peopleOf(body['ccRecipients']) } : {}),
  ...('bccRecipients' in body ? { bcc: peopleOf(body['bccRecipients']) } : {}),
  ...('replyTo' in body ? { replyTo: peopleOf(body['replyTo']) } : {}),
  ...('importance' in body ? { importance: importanceOf(body['importance']) } : {}),
  ...('internetMessageId' in body ? { messageId: messageIdOf(body['internetMessageId']) } : {}),
  ...('internetMessageHeaders' in body ? { headers: headersOf(body['internetMessageHeaders']) } : {}),
});

const marksOf = (body: Body) => {
  const { isRead, categories } = body;
  if (isRead !== undefined && typeof isRead !== 'boolean')
    throw badRequest("The property 'isRead' must be true or false.");
  if (categories === undefined) return { isRead };
  if (!Array.isArray(categories) || !categories.every((each) => typeof each === 'string')) {
    throw badRequest("The property 'categories' must be an array of names.");
  }
  return { isRead, categories: [...new Set(categories)] };
};

const attachmentOf = (body: Body) => {
  const type = body['@odata.type'];
  if (type !== undefined && type !== '#microsoft.graph.fileAttachment')
    throw badRequest('Only a #microsoft.graph.fileAttachment can be attached.');
  const bytes = Buffer.from(textOf('contentBytes', body['contentBytes']), 'base64');
  if (bytes.length > attachmentLimit)
    throw new GraphError(413, 'ErrorMessageSizeExceeded', 'The attachment is larger than 35 MB.');
  return {
    name: textOf('name', body['name']),
    contentType: typeof body['contentType'] === 'string' ? body['contentType'] : 'application/octet-stream',
    contentId: typeof body['contentId'] === 'string' ? body['contentId'] : null,
    inline: body['isInline'] === true,
    bytes,
  };
};

const answers: [string, AnswerKind][] = [
  ['createReply', 'reply'],
  ['createReplyAll', 'replyAll'],
  ['createForward', 'forward'],
];

/** Optimistic concurrency: what was read must still be so, else the other's change would be lost. */
const demandUnchanged = (request: FastifyRequest, mail: Mail) => {
  const wanted = request.headers['if-match'];
  if (wanted === undefined || wanted === '*' || wanted === `W/"${changeKey(mail)}"`) return;
  throw new GraphError(
    412,
    'ErrorIrresolvableConflict',
    'The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.',
  );
};

export const openDraft = async (open: Route, request: FastifyRequest) => {
  const { owner, mailOf } = await open(request);
  const mail = mailOf(paramsOf(request).id);
  if (!mail.isDraft) throw new GraphError(403, 'ErrorAccessDenied', 'Only a draft can be changed this way.');
  return { owner, mail };
};

/** A draft in MIME format is one in the body of a request of text. */
const createDraft = async ({ drafts, misbehaves }: GraphParts, owner: Person, request: FastifyRequest) => {
  if (typeof request.body !== 'string') return drafts.create(owner, draftFields(bodyOf(request)));
  const { fields, parts } = await readMimeDraft(mimeOf(request.body));
  const own = misbehaves.current.ownMessageIds ? { messageId: newMessageId('prod.outlook.example') } : {};
  const key = drafts.create(owner, { ...fields, ...own });
  for (const part of parts) drafts.addAttachment(owner, key, part);
  return key;
};

export const registerDraftRoutes = (app: FastifyInstance, parts: GraphParts, open: Route) => {
  const { mailboxes, drafts, identity } = parts;

  const resource = async (owner: Person, key: string) => {
    const mail = mailboxes.find(owner.address, key);
    if (!mail) throw notFound('object');
    const draft = drafts.read(key);
    const body = draft
      ? { body: bodyResource({ html: null, text: null, [draft.body.contentType]: draft.body.content }, false) }
      : {};
    return { ...messageResource(owner.address, await mailboxes.detailed(mail)), ...body };
  };

  app.patch('/messages/:id', async (request) => {
    const { owner, mailOf } = await open(request);
    const mail = mailOf(paramsOf(request).id);
    const body = bodyOf(request);
    demandUnchanged(request, mail);
    const fields = draftFields(body);
    if (Object.keys(fields).length && !mail.isDraft)
      throw new GraphError(403, 'ErrorAccessDenied', 'Only a draft can be changed this way.');
    if (Object.keys(fields).length) drafts.update(owner, mail.key, fields);
    mailboxes.mark(owner.address, mail.key, marksOf(body));
    parts.changed(owner.address);
    return resource(owner, mail.key);
  });

  app.post('/messages/:id/move', async (request, reply) => {
    const { owner, mailOf, folderOf } = await open(request);
    const mail = mailOf(paramsOf(request).id);
    const target = folderOf(textOf('destinationId', bodyOf(request)['destinationId']));
    if (mail.isDraft || !mailboxes.move(owner.address, mail.key, target.key))
      throw new GraphError(403, 'ErrorAccessDenied', 'Drafts, and mail below a mail path, are not moved.');
    parts.changed(owner.address);
    return reply.code(201).send(await resource(owner, mail.key));
  });

  app.post('/messages', async (request, reply) => {
    const { owner } = await open(request);
    const key = await createDraft(parts, owner, request);
    parts.changed(owner.address);
    return reply.code(201).send(await resource(owner, key));
  });

  for (const [name, kind] of answers) {
    app.post(`/messages/:id/${name}`, async (request, reply) => {
      const { owner, mailOf } = await open(request);
      const mail = mailOf(paramsOf(request).id);
      const content = await mailboxes.content(mail.key);
      if (!content) throw badRequest('A draft cannot be answered.');
      const key = drafts.createAnswer(kind, owner, mail, content);
      const body = bodyOf(request);
      drafts.update(owner, key, draftFields(isObject(body['message']) ? body['message'] : {}));
      parts.changed(owner.address);
      return reply.code(201).send(await resource(owner, key));
    });
  }

  app.post('/messages/:id/attachments', async (request, reply) => {
    const { owner, mail } = await openDraft(open, request);
    const part = attachmentOf(bodyOf(request));
    drafts.addAttachment(owner, mail.key, part);
    parts.changed(owner.address);
    return reply.code(201).send(attachmentResource(part, drafts.attachments(mail.key).length - 1));
  });

  app.delete('/messages/:id/attachments/:part', async (request, reply) => {
    const { owner, mail } = await openDraft(open, request);
    if (!drafts.removeAttachment(owner, mail.key, partIndex(paramsOf(request).part))) throw notFound('attachment');
    parts.changed(owner.address);
    return reply.code(204).send();
  });

  app.delete('/messages/:id', async (request, reply) => {
    const { owner, mail } = await openDraft(open, request);
    demandUnchanged(request, mail);
    drafts.discard(mail.key);
    parts.changed(owner.address);
    return reply.code(204).send();
  });

  app.post('/messages/:id/send', async (request, reply) => {
    const { owner, mail } = await openDraft(open, request);
    const { to, cc, bcc } = mail.summary;
    if (to.length + cc.length + bcc.length === 0)
      throw new GraphError(400, 'ErrorInvalidRecipients', 'At least one recipient is not valid.');
    const author = drafts.read(mail.key)?.author ?? owner.address;
    if (author !== owner.address.toLowerCase()) throw sendAsDenied();
    const size = drafts.attachments(mail.key).reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    if (size > parts.misbehaves.current.largestMessage) throw tooLarge();
    if (!(await drafts.send(owner, mail.key, identity.mailboxesOf))) throw notFound('object');
    new Set([owner, ...to, ...cc, ...bcc].flatMap(({ address }) => identity.mailboxesOf(address))).forEach(
      parts.changed,
    );
    return reply.code(202).send();
  });
};
