import { documentedLimits, type RequestLimits } from './http/request-limits.ts';

/**
 * The environment of a production server, read once, checked, and then forgotten: what contradicts itself stops the program in
 * its first second with a sentence. docs/operating.md lists the variables.
 */
export interface Config {
  readonly role: Role;
  readonly port: number;
  readonly bind: string;
  /** Where browsers reach this server, without a slash at the end. */
  readonly publicUrl: string;
  readonly database: { readonly file: string } | { readonly url: string };
  /** Longest time of one statement; undefined: what suits the database. */
  readonly statementSeconds: number | undefined;
  readonly tenantId: string;
  readonly signIn: SignIn;
  /** Null: the built-in CRM. */
  readonly dataverse: Dataverse | null;
  /** Reading mailboxes. */
  readonly mailboxes: Mailboxes;
  /** What one user may ask the built-in CRM for in five minutes. Null: no limits. */
  readonly limits: RequestLimits | null;
  /** Mail addresses whose first sign-in makes them System Administrator of the built-in CRM. */
  readonly administrators: readonly string[];
  /** ISO 4217 code of the built-in CRM's own currency; taken when its database is new. */
  readonly baseCurrency: string;
  /** File with the tables and columns that this organisation adds to the built-in CRM. */
  readonly customTables: string | undefined;
  /** The mail server for what people send from the built-in CRM. */
  readonly smtpUrl: string | undefined;
  /** Whether everybody of the tenant becomes a user of the built-in CRM at the first sign-in, or only who was entered before. */
  readonly firstSignIn: 'refuse' | 'create';
}

export type Role = 'web' | 'daemon' | 'all';

export interface SignIn {
  readonly issuer: string;
  readonly keys: string;
  readonly audience: string;
  /** The pane's own registration, with which it asks for tokens. */
  readonly clientId: string;
  readonly authority: string;
}

export interface Dataverse {
  readonly url: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Mailboxes {
  /** The application that may read mailboxes by Microsoft Graph; null: none. `url` ends before the version. */
  readonly graph: Dataverse | null;
  /** 32 bytes in base64 with which passwords of mailboxes are sealed; null: none are taken. */
  readonly key: string | null;
  /** Domains whose mail among themselves is internal, beside those of the mailboxes. */
  readonly domains: readonly string[];
  /** Mailboxes read at once by one process. */
  readonly concurrency: number;
  /** Mailboxes that one process listens to at once, each by a standing connection. */
  readonly listened: number;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws ConfigError with the sentence to print */
export function readConfig(environment: Environment, role: string): Config {
  const need = (name: string, what: string): string => {
    const value = environment[name]?.trim();
    if (value === undefined || value === '') throw new ConfigError(`Set ${name}: ${what}.`);
    return value;
  };
  const tenantId = need('TENANT_ID', 'the id of your Microsoft Entra tenant, a GUID');
  const login = `https://login.microsoftonline.com/${encodeURIComponent(tenantId)}`;
  const clientId = need('CLIENT_ID', 'the application (client) id of the add-in’s registration');
  return {
    role: roleOf(role),
    port: portOf(environment['PORT'] ?? '3000'),
    bind: environment['BIND'] ?? '127.0.0.1',
    publicUrl: urlOf('PUBLIC_URL', need('PUBLIC_URL', 'the https address under which browsers reach this server')),
    database: databaseOf(environment),
    statementSeconds:
      environment['STATEMENT_SECONDS'] === undefined ? undefined : numberOf(environment, 'STATEMENT_SECONDS', 0),
    tenantId,
    signIn: {
      issuer: environment['TOKEN_ISSUER'] ?? `${login}/v2.0`,
      keys: environment['TOKEN_KEYS'] ?? `${login}/discovery/v2.0/keys`,
      audience: environment['TOKEN_AUDIENCE'] ?? clientId,
      clientId,
      authority: environment['AUTHORITY'] ?? login,
    },
    dataverse: dataverseOf(environment, need, `${login}/oauth2/v2.0/token`),
    mailboxes: mailboxesOf(environment, need, `${login}/oauth2/v2.0/token`),
    limits: limitsOf(environment),
    firstSignIn: firstSignInOf(environment['FIRST_SIGN_IN'] ?? 'refuse'),
    smtpUrl: smtpOf(environment['SMTP_URL']),
    customTables: environment['CUSTOM_TABLES'],
    baseCurrency: currencyOf(environment['BASE_CURRENCY'] ?? 'USD'),
    administrators: listOf(environment['ADMINISTRATORS']),
  };
}

function listOf(text = ''): string[] {
  return text
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter(Boolean);
}

function roleOf(text: string): Role {
  if (text === 'web' || text === 'daemon' || text === 'all') return text;
  throw new ConfigError(`--role is web, daemon or all, not "${text}".`);
}

function firstSignInOf(text: string): Config['firstSignIn'] {
  if (text === 'refuse' || text === 'create') return text;
  throw new ConfigError(`FIRST_SIGN_IN is refuse or create, not "${text}".`);
}

function smtpOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  // The address holds a password, so it is not repeated.
  if (!/^smtps?:\/\/[^/]/.test(text) || !URL.canParse(text))
    throw new ConfigError('SMTP_URL begins with smtps:// or smtp:// and names the mail server.');
  return text;
}

function currencyOf(text: string): string {
  if (Intl.supportedValuesOf('currency').includes(text)) return text;
  throw new ConfigError(`BASE_CURRENCY is a code such as EUR, not "${text}".`);
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new ConfigError(`PORT is a number from 1 to 65535, not "${text}".`);
  return port;
}

function numberOf(environment: Environment, name: string, usual: number): number {
  const text = environment[name] ?? String(usual);
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new ConfigError(`${name} is a whole number above zero, not "${text}".`);
  return Number(text);
}

function limitsOf(environment: Environment): RequestLimits | null {
  if (environment['REQUEST_LIMITS'] === 'off') return null;
  return {
    requests: numberOf(environment, 'LIMIT_REQUESTS', documentedLimits.requests),
    executionSeconds: numberOf(environment, 'LIMIT_EXECUTION_SECONDS', documentedLimits.executionSeconds),
    concurrent: numberOf(environment, 'LIMIT_CONCURRENT', documentedLimits.concurrent),
  };
}

function urlOf(name: string, text: string): string {
  if (!URL.canParse(text)) throw new ConfigError(`${name} is an address such as https://crm.example, not "${text}".`);
  const { protocol, hostname } = new URL(text);
  const loopback = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  if (protocol !== 'https:' && !loopback)
    throw new ConfigError(`${name} must begin with https://: tokens travel to it.`);
  return text.replace(/\/+$/, '');
}

function databaseOf(environment: Environment): Config['database'] {
  const url = environment['DATABASE_URL'];
  if (url !== undefined && url !== '') {
    if (/^postgres(ql)?:\/\//.test(url)) return { url };
    throw new ConfigError('DATABASE_URL begins with postgres:// or postgresql://.');
  }
  return { file: `${environment['DATA_DIR'] ?? '.data'}/alongside.sqlite` };
}

function dataverseOf(
  environment: Environment,
  need: (name: string, what: string) => string,
  tokenUrl: string,
): Dataverse | null {
  const url = environment['CRM_URL'];
  if (url === undefined || url === '') return null;
  return {
    url: urlOf('CRM_URL', url),
    tokenUrl: environment['TOKEN_URL'] ?? tokenUrl,
    clientId: need('CRM_CLIENT_ID', 'the application user’s client id, with which the worker acts for people'),
    clientSecret: need('CRM_CLIENT_SECRET', 'the secret of the application user'),
  };
}

function mailboxesOf(
  environment: Environment,
  need: (name: string, what: string) => string,
  tokenUrl: string,
): Mailboxes {
  return {
    graph: graphOf(environment, need, tokenUrl),
    key: keyOf(environment['MAILBOX_KEY']?.trim()),
    domains: listOf(environment['MAIL_DOMAINS']),
    concurrency: numberOf(environment, 'MAILBOXES_AT_ONCE', 32),
    listened: environment['MAILBOXES_LISTENED'] === '0' ? 0 : numberOf(environment, 'MAILBOXES_LISTENED', 200),
  };
}

function graphOf(
  environment: Environment,
  need: (name: string, what: string) => string,
  tokenUrl: string,
): Mailboxes['graph'] {
  const clientId = environment['GRAPH_CLIENT_ID'];
  if (clientId === undefined || clientId === '') return null;
  return {
    url: urlOf('GRAPH_URL', environment['GRAPH_URL'] ?? 'https://graph.microsoft.com'),
    tokenUrl: environment['TOKEN_URL'] ?? tokenUrl,
    clientId,
    clientSecret: need('GRAPH_CLIENT_SECRET', 'the secret of the application that reads mailboxes'),
  };
}

/** The key is not repeated in what is printed. */
function keyOf(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  if (Buffer.from(text, 'base64').length !== 32 || !/^[A-Za-z0-9+/]{43}=?$/.test(text))
    throw new ConfigError('MAILBOX_KEY is 32 bytes in base64, such as `openssl rand -base64 32` prints.');
  return text;
}
