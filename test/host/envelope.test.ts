import { describe, expect, test } from '@jest/globals';
import { readRequest, writeAnswer, writeEvent, writeNotification } from '../../src/host/protocol/envelope.ts';

const wire = {
  _messageType: 0,
  _actionType: 0,
  _actionName: 'GetInitialData',
  _conversationId: 'c1',
  _correlationId: 4,
  _origin: 'http://localhost:3000',
  _data: { MethodData: { ControlId: 'x', DispatchId: 1 } },
  _serializerVersion: 1,
};

describe('the envelope of office.js', () => {
  test('a request is a string of JSON with numbers for its kinds', () => {
    expect(readRequest(JSON.stringify(wire))).toEqual({
      kind: 'invoke',
      name: 'GetInitialData',
      conversationId: 'c1',
      correlationId: 4,
      data: wire._data,
    });
    expect(readRequest(JSON.stringify({ ...wire, _actionType: 1 }))?.kind).toBe('register');
    expect(readRequest(JSON.stringify({ ...wire, _actionType: 2 }))?.kind).toBe('unregister');
  });

  test.each([
    ['an object', wire],
    ['no JSON', '{ "_messageType": 0'],
    ['the chatter of a development server', '{"type":"webpackOk"}'],
    ['a response', JSON.stringify({ ...wire, _messageType: 1 })],
    ['an unknown kind', JSON.stringify({ ...wire, _actionType: 9 })],
    ['a name that is no text', JSON.stringify({ ...wire, _actionName: 7 })],
    ['nothing', undefined],
  ])('%s is nobody’s request', (_, message) => {
    expect(readRequest(message)).toBeNull();
  });

  test('an answer echoes conversation and correlation, an event says that it is one', () => {
    const request = readRequest(JSON.stringify(wire))!;
    const answer = JSON.parse(writeAnswer(request, 'http://localhost:3001', { a: 1 })) as object;
    expect(answer).toMatchObject({
      _messageType: 1,
      _responseType: 0,
      _errorCode: 0,
      _actionName: 'GetInitialData',
      _conversationId: 'c1',
      _correlationId: 4,
      _origin: 'http://localhost:3001',
      _data: { a: 1 },
    });
    expect(JSON.parse(writeEvent(request, 'http://localhost:3001', ''))).toMatchObject({ _responseType: 1, _data: '' });
  });

  test('a notification has a conversation of its own', () => {
    expect(JSON.parse(writeNotification('c1', 'http://localhost:3001', 11))).toMatchObject({
      _messageType: 0,
      _actionName: 'Office_notifyAgave',
      _conversationId: 'c1_ntf',
      _data: [11],
    });
  });
});
