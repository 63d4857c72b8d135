/**
 * The envelope in which office.js and its host talk through `postMessage`: always a string of JSON, numbers for kinds.
 * Messages of other kinds (a dev server's, an extension's) pass the same door and are not ours to judge.
 */
export interface Request {
  readonly kind: 'invoke' | 'register' | 'unregister';
  readonly name: string;
  readonly conversationId: string;
  readonly correlationId: number;
  readonly data: unknown;
}

const MESSAGE = { request: 0, response: 1 } as const;
const RESPONSE = { answer: 0, event: 1 } as const;
const kinds = ['invoke', 'register', 'unregister'] as const;

/** Null when the message is not a request of office.js. */
export function readRequest(message: unknown): Request | null {
  const fields = parse(message);
  if (!fields || fields['_messageType'] !== MESSAGE.request) return null;
  const { _actionName: name, _conversationId: conversationId, _correlationId: correlationId } = fields;
  const kind = kinds[fields['_actionType'] as number];
  if (typeof name !== 'string' || typeof conversationId !== 'string' || typeof correlationId !== 'number') return null;
  if (kind === undefined) return null;
  return { kind, name, conversationId, correlationId, data: fields['_data'] ?? null };
}

/** The answer to a call or to a (un)registration. */
export function writeAnswer(request: Request, hostOrigin: string, data: unknown): string {
  return write({
    _messageType: MESSAGE.response,
    _actionName: request.name,
    _conversationId: request.conversationId,
    _correlationId: request.correlationId,
    _origin: hostOrigin,
    _errorCode: 0,
    _responseType: RESPONSE.answer,
    _data: data,
  });
}

/** An event for somebody who registered; `registration` is the request that did it. */
export function writeEvent(registration: Request, hostOrigin: string, payload: unknown): string {
  return write({
    _messageType: MESSAGE.response,
    _actionName: registration.name,
    _conversationId: registration.conversationId,
    _correlationId: registration.correlationId,
    _origin: hostOrigin,
    _errorCode: 0,
    _responseType: RESPONSE.event,
    _data: payload,
  });
}

/** Host -> add-in, unasked and unanswered; it has a conversation of its own, marked by `_ntf`. */
export function writeNotification(conversationId: string, hostOrigin: string, action: number): string {
  return write({
    _messageType: MESSAGE.request,
    _actionType: 0,
    _actionName: 'Office_notifyAgave',
    _conversationId: `${conversationId}_ntf`,
    _correlationId: 0,
    _origin: hostOrigin,
    _data: [action],
  });
}

const write = (fields: object): string => JSON.stringify({ ...fields, _serializerVersion: 1 });

function parse(message: unknown): Record<string, unknown> | null {
  if (typeof message !== 'string' || !message.startsWith('{')) return null;
  try {
    return JSON.parse(message) as Record<string, unknown>;
  } catch {
    return null;
  }
}
