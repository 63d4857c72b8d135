// Errors as Microsoft Graph writes them: {error: {code, message}}.

export class GraphError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const notFound = (what: string) =>
  new GraphError(404, 'ErrorItemNotFound', `The specified ${what} was not found in the mailbox.`);

export const badRequest = (message: string) => new GraphError(400, 'ErrorInvalidRequest', message);

export const graphBody = (code: string, message: string) => ({ error: { code, message } });
