// Errors as Microsoft Graph writes them: {error: {code, message}}.

export class GraphError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const notFound = (what: string) =>
  new GraphError(404, 'ErrorItemNotFound', `The specified ${what} was not found in the mailbox.`);

export const badRequest = (message: string) => new GraphError(400, 'ErrorInvalidRequest', message);

export const graphBody = (code: string, message: string) => ({ error: { code, message } });
