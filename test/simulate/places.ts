import { createHash } from 'node:crypto';
import type { Digest } from '../../src/model/item-key.ts';
import type { RegardingRef } from '../../src/model/records.ts';
import type { Program } from './program.ts';

/** Who and what every story has in common. */

export const tenantId = 'contoso';
export const crmOrigin = 'https://crm.contoso.example';
export const paneOrigin = 'https://pane.contoso.example';

export interface Person {
  readonly name: string;
  readonly address: string;
  readonly objectId: string;
}

export const dana: Person = {
  name: 'Dana',
  address: 'dana@contoso.example',
  objectId: 'd0000000-0000-4000-8000-000000000001',
};
export const miguel: Person = {
  name: 'Miguel',
  address: 'miguel@contoso.example',
  objectId: 'd0000000-0000-4000-8000-000000000002',
};
export const people: readonly Person[] = [dana, miguel];

export const regardingChoices: readonly RegardingRef[] = [
  { table: 'contact', id: '0c000000-0000-4000-8000-000000000001', name: 'Kim Abercrombie' },
  { table: 'account', id: '0c000000-0000-4000-8000-000000000002', name: 'Fabrikam Hotels' },
  { table: 'opportunity', id: '0c000000-0000-4000-8000-000000000003', name: 'Fifty rooms' },
];

/** SHA-256 without the thread pool, whose answers come in no order that a seed could decide. */
export function digestOf(program: Program): Digest {
  return (bytes) =>
    program.call('digest', 0, () => {
      const hash = createHash('sha256').update(bytes).digest();
      return hash.buffer.slice(hash.byteOffset, hash.byteOffset + hash.byteLength);
    });
}
