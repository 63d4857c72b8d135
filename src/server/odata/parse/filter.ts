import { badRequest } from '../bad-request.ts';
import { readTokens, type Literal, type Token, type Tokens } from './tokens.ts';

export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';
type TextTest = 'contains' | 'startswith' | 'endswith';

interface Path {
  kind: 'path';
  /** `['primarycontactid', 'fullname']`; the first may be the variable of a lambda. */
  segments: string[];
}
interface Alias {
  kind: 'alias';
  name: string;
}
export type Operand = Path | Literal | Alias;
export type Argument = Operand | { kind: 'list'; items: Literal[] };

/** What a $filter says. `and` and `or` hold all their parts side by side, so that a long row of them is not a deep tree. */
export type Condition =
  | { kind: 'and' | 'or'; parts: Condition[] }
  | { kind: 'not'; of: Condition }
  | { kind: 'compare'; operator: Comparison; left: Operand; right: Operand }
  | { kind: 'text'; test: TextTest; of: Path; value: Operand }
  | { kind: 'any' | 'all'; path: string[]; variable: string; of: Condition | undefined }
  /** `c/Microsoft.Dynamics.CRM.In(PropertyName='lastname',...)`: the path, such as a variable, that the property is behind. */
  | { kind: 'call'; name: string; path: string[]; arguments: Map<string, Argument> };

/** 32 KB is what an address may hold, 64 KB within a batch. */
export interface Limits {
  length: number;
  /** Whether parameter aliases may be used, which are not known inside $expand. */
  aliases?: boolean;
}
const DEPTH = 100;
const TERMS = 500;
const LIST = 2_000;

const COMPARISONS = new Set(['eq', 'ne', 'gt', 'ge', 'lt', 'le']);
/** Operators of OData that the original does not speak, with what to use instead. */
const UNSUPPORTED = new Map([
  ['in', '; use Microsoft.Dynamics.CRM.In'],
  ['has', '; use Microsoft.Dynamics.CRM.ContainValues'],
  ...['add', 'sub', 'mul', 'div', 'divby', 'mod'].map((name) => [name, ': there is no arithmetic'] as const),
]);
const NAMESPACE = 'Microsoft.Dynamics.CRM.';
const TEXT_TESTS = new Set(['contains', 'startswith', 'endswith']);

/**
 * Parses a $filter: precedence climbing over one pass of tokens. `not` binds tighter than `and`, `and` tighter than `or`.
 * Length, depth and number of terms are limited before anything recurses into them.
 * @throws {HttpError} 400 with the position
 */
export function parseFilter(source: string, limits: Limits): Condition {
  demandLength('$filter', source, limits);
  const parser = createParser(readTokens(source), limits.aliases);
  const condition = parser.either();
  parser.end();
  return condition;
}

export function demandLength(option: string, source: string, { length }: Limits): void {
  if (source.length > length) throw badRequest(`The ${option} is longer than ${length} characters.`, '0x80044331');
}

/** The arguments of a function call as they stand between its parentheses: `MessageId=@m,DirectionCode=1`. */
export function parseArguments(source: string): Map<string, Argument> {
  if (source.length > 32_768) throw badRequest('The parameters of the function are too long.', '0x80044331');
  const parser = createParser(readTokens(`(${source})`));
  const found = parser.callArguments();
  parser.end();
  return found;
}

/** What a parameter alias stands for: a value, a list of values or a column; never another alias. */
export function parseArgument(source: string): Exclude<Argument, Alias> {
  if (source.length > 65_536) throw badRequest('The value of a parameter alias is too long.', '0x80044331');
  const parser = createParser(readTokens(source));
  const found = parser.argument();
  parser.end();
  if (found.kind === 'alias') throw badRequest(`A parameter alias cannot stand for another one, ${found.name}.`);
  return found;
}

/** One literal, as a parameter of a message has it. */
export function parseLiteral(source: string): Literal {
  const tokens = readTokens(source);
  const token = tokens.next();
  if (token.kind !== 'literal' || tokens.peek().kind !== 'end')
    throw badRequest('A parameter alias must be a single value.');
  return token;
}

/** The grammar of expressions, which $filter, $apply and the parameters of functions share. */
export function createParser(tokens: Tokens, aliases = true) {
  let terms = 0;

  function unexpected(token: Token): never {
    const what =
      token.kind === 'end' ? 'the end' : token.kind === 'literal' ? 'a value' : `"${token.text.slice(0, 60)}"`;
    throw badRequest(`Syntax error at position ${tokens.position()}: ${what} was not expected there.`);
  }
  const isMark = (text: string) => {
    const token = tokens.peek();
    return token.kind === 'mark' && token.text === text;
  };
  const isName = (text: string) => {
    const token = tokens.peek();
    return token.kind === 'name' && token.text === text;
  };
  const expect = (text: string) => {
    if (!isMark(text)) unexpected(tokens.peek());
    tokens.next();
  };
  const name = (): string => {
    const token = tokens.next();
    return token.kind === 'name' ? token.text : unexpected(token);
  };

  function either(depth: number): Condition {
    return chain('or', depth, (inner) => chain('and', inner, unary));
  }

  function chain(word: 'and' | 'or', depth: number, part: (depth: number) => Condition): Condition {
    const first = part(depth);
    if (!isName(word)) return first;
    const parts = [first];
    while (isName(word)) {
      tokens.next();
      parts.push(part(depth));
    }
    return { kind: word, parts };
  }

  function unary(depth: number): Condition {
    if (depth > DEPTH) throw badRequest(`The expression is nested deeper than ${DEPTH} levels.`);
    if (isName('not')) {
      tokens.next();
      return { kind: 'not', of: unary(depth + 1) };
    }
    if (!isMark('(')) return term(depth);
    tokens.next();
    const inside = either(depth + 1);
    expect(')');
    return inside;
  }

  function term(depth: number): Condition {
    terms += 1;
    if (terms > TERMS) throw badRequest(`The expression has more than ${TERMS} conditions.`);
    const first = tokens.peek();
    if (first.kind !== 'name') return compare(operand());
    const segments = [name()];
    while (isMark('/')) {
      tokens.next();
      const segment = name();
      if ((segment === 'any' || segment === 'all') && isMark('(')) return lambda(segment, segments, depth);
      segments.push(segment);
    }
    if (!isMark('(')) return compare({ kind: 'path', segments });
    const call = segments.at(-1) ?? '';
    if (TEXT_TESTS.has(call) && segments.length === 1) return textTest(call as TextTest);
    if (!call.startsWith(NAMESPACE)) throw badRequest(`The function ${call.slice(0, 60)} is not supported in $filter.`);
    return { kind: 'call', name: call, path: segments.slice(0, -1), arguments: callArguments() };
  }

  function compare(left: Operand): Condition {
    const token = tokens.peek();
    if (token.kind === 'name' && UNSUPPORTED.has(token.text))
      throw badRequest(`The operator ${token.text} is not supported in $filter${UNSUPPORTED.get(token.text)}.`);
    if (token.kind !== 'name' || !COMPARISONS.has(token.text)) unexpected(token);
    tokens.next();
    return { kind: 'compare', operator: token.text as Comparison, left, right: operand() };
  }

  function textTest(test: TextTest): Condition {
    expect('(');
    const of = operand();
    if (of.kind !== 'path') throw badRequest(`${test} needs a column as its first argument.`);
    expect(',');
    const value = operand();
    expect(')');
    return { kind: 'text', test, of, value };
  }

  function lambda(kind: 'any' | 'all', path: string[], depth: number): Condition {
    expect('(');
    if (isMark(')') && kind === 'any') {
      tokens.next();
      return { kind, path, variable: '', of: undefined };
    }
    const variable = name();
    expect(':');
    const of = either(depth + 1);
    expect(')');
    return { kind, path, variable, of };
  }

  function operand(): Operand {
    const token = tokens.next();
    if (token.kind === 'literal') return token;
    if (token.kind === 'alias') {
      if (!aliases) throw badRequest(`The parameter alias ${token.text} cannot be used inside $expand.`);
      return { kind: 'alias', name: token.text };
    }
    if (token.kind !== 'name') unexpected(token);
    return { kind: 'path', segments: [token.text, ...further()] };
  }

  function path(): string[] {
    return [name(), ...further()];
  }

  function further(): string[] {
    const segments: string[] = [];
    while (isMark('/')) {
      tokens.next();
      segments.push(name());
    }
    return segments;
  }

  function callArguments(): Map<string, Argument> {
    const found = new Map<string, Argument>();
    expect('(');
    while (!isMark(')')) {
      if (found.size > 0) expect(',');
      const parameter = name();
      expect('=');
      if (found.has(parameter)) throw badRequest(`The parameter ${parameter} is given twice.`);
      found.set(parameter, argument());
      if (found.size > 50) throw badRequest('The function has too many parameters.');
    }
    tokens.next();
    return found;
  }

  function argument(): Argument {
    return isMark('[') ? list() : operand();
  }

  function list(): Argument {
    const items: Literal[] = [];
    tokens.next();
    while (!isMark(']')) {
      if (items.length > 0) expect(',');
      const token = tokens.next();
      if (token.kind !== 'literal') unexpected(token);
      items.push(token);
      if (items.length > LIST) throw badRequest(`A list holds at most ${LIST} values.`);
    }
    tokens.next();
    return { kind: 'list', items };
  }

  const end = () => {
    if (tokens.peek().kind !== 'end') unexpected(tokens.peek());
  };
  return { either: () => either(0), callArguments, argument, end, isMark, isName, expect, name, path };
}
