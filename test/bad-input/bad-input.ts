/** What a stranger sends, and what is said to it. */
export interface BadInput {
  /** The kind of address. */
  where: string;
  name: string;
  method: string;
  /** Escaped; after the root of the Web API, or from the root of the server when it begins with a slash. */
  path: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
  /** `undefined`: some refusal. */
  status: number | undefined;
  /** Stands in the message. */
  word: string;
}

export const addressOf = ({ path }: BadInput): string => (path.startsWith('/') ? path : `/api/data/v9.2/${path}`);
