import { HttpError } from '../http/errors.ts';
import { badRequest, shown } from './bad-request.ts';
import { parseArguments, type Argument } from './parse/filter.ts';
import type { Preferences } from './parse/prefer.ts';
import { parseParameterValue } from './parse/parameter-value.ts';
import type { KeptFile } from './files/pieces.ts';
import type { ApiResponse } from './message.ts';
import type { Table } from './metadata.ts';
import type { Session, WriteSession } from './session.ts';

/** What a message is called with; `id` is the row that it is bound to. */
export interface Call {
  parameters: ReadonlyMap<string, unknown>;
  id: string;
  /** Files whose bytes are stored already, by what stands for them in the parameters. */
  files: ReadonlyMap<string, KeptFile>;
  prefer: Preferences;
  session: Session;
  /** Runs in one transaction: the change set's own, if the call is part of one. */
  transaction<T>(work: (session: WriteSession) => Promise<T>): Promise<T>;
}

/** A message of the dialect, such as WhoAmI. A function is read with GET, an action is POSTed. */
export interface Operation {
  name: string;
  kind: 'function' | 'action';
  /** Logical name of the table whose rows it is bound to. */
  boundTo?: string;
  /** Bound to the whole set instead: `contacts/Microsoft.Dynamics.CRM.Name`. */
  onSet?: true;
  /** All that it does lies in one transaction, and waits for nobody: in a batch, its neighbours may share the commit. */
  sharesCommit?: true;
  run(call: Call): Promise<ApiResponse>;
}

const NAMESPACE = 'Microsoft.Dynamics.CRM.';

export function findOperation(
  operations: readonly Operation[],
  name: string,
  bound: { table: Table; id?: string } | undefined,
): Operation | undefined {
  const plain = name.startsWith(NAMESPACE) ? name.slice(NAMESPACE.length) : name;
  return operations.find((operation) => fits(operation, plain, bound));
}

function fits(operation: Operation, name: string, bound: { table: Table; id?: string } | undefined): boolean {
  if (operation.name !== name || operation.boundTo !== bound?.table.name) return false;
  return (operation.onSet === true) === (bound !== undefined && bound.id === undefined);
}

export function demandMethod({ kind, name }: Operation, method: string): void {
  const allowed = kind === 'function' ? 'GET' : 'POST';
  if (method !== allowed)
    throw new HttpError(405, `${name} is called with ${allowed}.`, '0x80060888', { allow: allowed });
}

/** `(MessageId=@m)?@m='..'`: names are checked by the message itself. */
export function functionParameters(
  inside: string | undefined,
  options: ReadonlyMap<string, string>,
): Map<string, unknown> {
  if (inside === undefined || inside.trim() === '') return new Map();
  const found = new Map<string, unknown>();
  for (const [name, argument] of parseArguments(inside)) found.set(name, argumentValue(argument, options));
  return found;
}

function argumentValue(argument: Argument, options: ReadonlyMap<string, string>): unknown {
  switch (argument.kind) {
    case 'literal':
      return argument.value;
    case 'list':
      return argument.items.map(({ value }) => value);
    case 'path':
      throw badRequest(`"${shown(argument.segments.join('/'))}" is not a value.`);
    case 'alias': {
      const source = options.get(argument.name);
      if (source === undefined) throw badRequest(`The parameter alias ${shown(argument.name)} has no value.`);
      return parseParameterValue(source);
    }
  }
}
