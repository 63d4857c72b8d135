import { expect, test } from '@jest/globals';
import { correlate, type ArrivingMail, type Findings, type KnownMail } from '../../src/model/correlate.ts';

const deal = { table: 'opportunity', id: 'deal' };
const offer = { table: 'opportunity', id: 'offer' };

function known(id: string, regarding: KnownMail['regarding'], ...people: string[]): KnownMail {
  return { id, messageId: `<${id}@x>`, regarding, people: new Set(people) };
}

const [ada, bo, eve] = ['ada@fabrikam.example', 'bo@fabrikam.example', 'eve@else.example'];
const from = (sender: string): ArrivingMail => ({ outgoing: false, sender: [sender], outside: [sender] });
const sentTo = (...outside: string[]): ArrivingMail => ({ outgoing: true, sender: ['dana@contoso.example'], outside });
const none: Findings = { replied: [], referenced: [], token: [], conversation: [], answers: [], similar: [] };
const near = known('near', null, ada);
const nearDeal = known('near', deal, ada, bo);
const further = known('further', offer, ada);

test.each<[string, ArrivingMail, Partial<Findings>, object]>([
  [
    'the nearest ancestor hands its record down',
    from(ada),
    { replied: [nearDeal], referenced: [further] },
    { regarding: deal, suggestion: { rule: 'further-ancestor' } },
  ],
  [
    'one without a record leaves it to the next',
    from(ada),
    { replied: [near], referenced: [further] },
    { mail: near, regarding: offer },
  ],
  ['a token hands down like a header', from(ada), { token: [nearDeal] }, { rule: 'token', regarding: deal }],
  [
    'a header goes before a token',
    from(ada),
    { replied: [nearDeal], token: [further] },
    { rule: 'in-reply-to', regarding: deal },
  ],
  [
    'a stranger is joined, without the record',
    from(eve),
    { replied: [nearDeal] },
    { rule: 'in-reply-to', mail: nearDeal, regarding: null, suggestion: { rule: 'stranger' } },
  ],
  [
    'a stranger with a token as well',
    from(eve),
    { token: [nearDeal] },
    { rule: 'token', regarding: null, suggestion: { rule: 'stranger' } },
  ],
  ['our answer to them keeps the record', sentTo(ada), { replied: [nearDeal] }, { regarding: deal }],
  ['with somebody new in copy it is an answer still', sentTo(ada, eve), { replied: [nearDeal] }, { regarding: deal }],
  [
    'sent on to new people outside it does not',
    sentTo(eve),
    { replied: [nearDeal] },
    { mail: nearDeal, regarding: null, suggestion: { rule: 'forward' } },
  ],
  ['sent on to a colleague it does', sentTo(), { replied: [nearDeal] }, { regarding: deal }],
  [
    'a record that one may not read is not handed down',
    from(ada),
    { replied: [known('near', 'hidden', ada)] },
    { regarding: null, suggestion: undefined },
  ],
  [
    'its answers only suggest',
    from(ada),
    { answers: [nearDeal] },
    { rule: 'none', regarding: null, suggestion: { rule: 'answered' } },
  ],
  [
    'what looks alike only suggests',
    from(ada),
    { similar: [nearDeal] },
    { rule: 'none', regarding: null, suggestion: { rule: 'smart-matching' } },
  ],
])('%s', (_, mail, found, expected) => {
  expect(correlate(mail, { ...none, ...found })).toMatchObject(expected);
});
