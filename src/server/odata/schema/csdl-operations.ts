import type { Operation } from '../operations.ts';
import { complexTypeOf, signatureOf, type Signature } from './signatures.ts';
import { element } from './xml.ts';

interface Declared {
  operation: Operation;
  signature: Signature;
}

/** Messages whose parameters are known; one without a declaration can be called, but is not announced. */
function declared(operations: readonly Operation[]): Declared[] {
  return operations.flatMap((operation) => {
    const signature = signatureOf(operation.name);
    return signature === undefined ? [] : [{ operation, signature }];
  });
}

export function operationTypes(operations: readonly Operation[]): string[] {
  return declared(operations).map(({ operation, signature }) => {
    const { name, boundTo, onSet, kind } = operation;
    const entity = `mscrm.${boundTo ?? ''}`;
    const binding = element('Parameter', {
      Name: onSet === true ? 'entityset' : 'entity',
      Type: onSet === true ? `Collection(${entity})` : entity,
      Nullable: 'false',
    });
    const parameters = signature.parameters.map(({ name: parameter, type, optional }) =>
      element('Parameter', { Name: parameter, Type: type, Nullable: optional === true ? undefined : 'false' }),
    );
    const result = signature.returns === undefined ? [] : [element('ReturnType', { Type: signature.returns })];
    return element(
      kind === 'function' ? 'Function' : 'Action',
      { Name: name, IsBound: boundTo === undefined ? undefined : 'true' },
      [...(boundTo === undefined ? [] : [binding]), ...parameters, ...result],
    );
  });
}

export function operationImports(operations: readonly Operation[]): string[] {
  return declared(operations)
    .filter(({ operation }) => operation.boundTo === undefined)
    .map(({ operation: { name, kind } }) => {
      const word = kind === 'function' ? 'Function' : 'Action';
      return element(`${word}Import`, { Name: name, [word]: `Microsoft.Dynamics.CRM.${name}` });
    });
}

const NAMED = /mscrm\.(\w+)/g;

/** The structures that declared messages take and return, and those within them. */
export function complexTypes(operations: readonly Operation[]): string[] {
  const wanted = new Set<string>();
  const want = (type: string): void => {
    for (const [, name = ''] of type.matchAll(NAMED)) {
      const fields = complexTypeOf(name);
      if (fields === undefined || wanted.has(name)) continue;
      wanted.add(name);
      for (const field of Object.values(fields)) want(field);
    }
  };
  for (const { signature } of declared(operations)) {
    if (signature.returns !== undefined) want(signature.returns);
    for (const { type } of signature.parameters) want(type);
  }
  return [...wanted].map((name) =>
    element(
      'ComplexType',
      { Name: name },
      Object.entries(complexTypeOf(name) ?? {}).map(([field, type]) => complexMember(field, type)),
    ),
  );
}

/** A structure refers to rows by navigation; everything else in it is a property. */
function complexMember(name: string, type: string): string {
  const plain = /^Collection\((.*)\)$/.exec(type)?.[1] ?? type;
  const isRow = plain.startsWith('mscrm.') && complexTypeOf(plain.slice('mscrm.'.length)) === undefined;
  return element(isRow ? 'NavigationProperty' : 'Property', { Name: name, Type: type });
}
