import { describe, expect, test } from '@jest/globals';
import { readItem } from '../../src/host/open-item.ts';
import { initialDataOf } from '../../src/host/protocol/initial-data.ts';
import { launchOf } from '../../src/host/protocol/launch.ts';
import { aMessage } from './memory-mailbox.ts';
import { aWorld, dana } from './world.ts';

const options = { user: dana, permission: 'ReadWriteItem', addinId: 'guid', timeZone: 'Europe/Berlin' } as const;

describe('what a pane is told about the open item', () => {
  test('a mail', () => {
    const mail = aMessage({ id: 'bWFpbDE=', subject: 'RE: Fwd: Prices' });
    expect(initialDataOf(readItem(mail, []), options)).toMatchObject({
      itemType: 1,
      permissionLevel: 3,
      id: 'bWFpbDE=',
      subject: 'RE: Fwd: Prices',
      normalizedSubject: 'Prices',
      internetMessageId: '<spring@fabrikam.example>',
      from: { name: 'Amara Okafor', address: 'amara@fabrikam.example' },
      to: [{ address: 'dana@contoso.example' }],
      dateTimeCreated: Date.parse('2026-11-20T09:30:05Z'),
      userEmailAddress: 'dana@contoso.example',
    });
  });

  test('a mail that lacks everything a mail may lack', () => {
    const bare = { id: 'YmFyZQ==' };
    expect(initialDataOf(readItem(bare, []), options)).toMatchObject({
      itemType: 1,
      subject: '',
      internetMessageId: '',
      from: { name: '', address: '' },
      to: [],
      dateTimeCreated: 0,
    });
  });

  test('an invitation, a mail being written, nothing', () => {
    const invitation = aMessage({ id: 'a', meetingMessageType: 'meetingRequest' });
    expect(initialDataOf(readItem(invitation, []), options)).toMatchObject({ itemType: 3 });
    expect(initialDataOf(aWorld().write().draft, options)).toMatchObject({ itemType: 4 });
    expect(initialDataOf(null, options)).toMatchObject({ itemType: 6, userDisplayName: 'Dana Whitfield' });
  });
});

describe('how a frame is opened', () => {
  test('the query and the name carry what office.js must know before it can speak', () => {
    const launch = launchOf({
      url: 'http://localhost:3000/taskpane.html?view=card#top',
      conversationId: 'c1',
      controlId: 'guid_1',
      hostOrigin: 'http://localhost:3001',
      correlationId: 'corr',
      locale: 'en-US',
      isDialog: false,
    });
    const url = new URL(launch.url);
    expect(url.searchParams.get('view')).toBe('card');
    expect(url.searchParams.get('_host_Info')).toBe('Outlook$Web$16.01$en-US$corr$$disableLogging$0');
    expect(url.hash).toBe('#top');
    expect(JSON.parse(launch.name)).toMatchObject({ xdmInfo: 'c1|guid_1|http://localhost:3001', serializerVersion: 1 });
  });
});
