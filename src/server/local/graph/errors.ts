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

export const sendAsDenied = () =>
  new GraphError(403, 'ErrorSendAsDenied', 'The user account does not have permission to send as this address.');

export const tooLarge = () =>
  new GraphError(413, 'ErrorMessageSizeExceeded', 'The message exceeds the maximum supported size.');

export const graphBody = (code: string, message: string) => ({ error: { code, message } });

/** What somebody is told of an error. */
export const answerError = (error: unknown) => {
  if (error instanceof GraphError)
    return { status: error.status, headers: error.headers, body: graphBody(error.code, error.message) };
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  const message = error instanceof Error ? error.message : String(error);
  return {
    status,
    headers: {},
    body: graphBody(status < 500 ? 'ErrorInvalidRequest' : 'ErrorInternalServerError', message),
  };
};
