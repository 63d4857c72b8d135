import { HttpError } from '../http/errors.ts';

/** A request that cannot be understood: 400 with the place or the name that is wrong. */
export function badRequest(message: string, code = '0x80060888'): HttpError {
  return new HttpError(400, message, code);
}

/** Foreign text inside a message: enough to recognise it. */
export function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
