import { HttpError } from '../http/errors.ts';
import { badRequest, shown } from './bad-request.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Answers that are not JSON, whatever the client accepts. */
const OTHER = /(?:\$(?:batch|metadata|value|count)|%24(?:batch|metadata|value|count))$/i;
const ANY_JSON = /(?:^|[\s,])(?:\*\/\*|application\/(?:\*|json))(?:\s*[;,]|\s*$)/i;

/**
 * The dialect is JSON of OData 4.0. Whoever asks for another version or another form is told so, instead of being sent
 * what he cannot read. @param path of the address, without options @throws {HttpError} 400, 415
 */
export function demandDialect(path: string, headers: Headers): void {
  const version = text(headers['odata-version']);
  if (version !== undefined && version !== '4.0')
    throw badRequest(`OData-Version ${shown(version)} is not spoken here; 4.0 is.`);
  const most = text(headers['odata-maxversion']);
  if (most !== undefined && !(Number(most) >= 4)) throw badRequest(`OData-MaxVersion ${shown(most)} is below 4.0.`);
  const encoding = text(headers['content-encoding']);
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw unsupported(`A body in the encoding ${shown(encoding)} is not understood; send it as it is.`);
  const accept = text(headers['accept']);
  if (accept === undefined || accept === 'application/json' || accept.trim() === '') return;
  if (!ANY_JSON.test(accept) && !OTHER.test(path)) {
    throw unsupported(
      `A supported MIME type could not be found that matches the acceptable MIME types for the request. The supported type 'application/json' does not match any of '${shown(accept)}'.`,
    );
  }
}

/** @throws {HttpError} 415 when a body says that it is not JSON in UTF-8 */
export function demandJson(contentType: string | undefined): void {
  if (contentType === undefined || contentType === 'application/json') return;
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  if (!/^(?:application|text)\/(?:[\w.+-]+\+)?json$/.test(type.trim()))
    throw unsupported(`The content type '${shown(contentType)}' is not supported; the dialect is application/json.`);
  const charset = parameters.map((each) => /^\s*charset\s*=\s*"?([^"]*?)"?\s*$/.exec(each)?.[1]).find(Boolean);
  if (charset !== undefined && !['utf-8', 'utf8', 'us-ascii'].includes(charset))
    throw unsupported(`The character set '${shown(charset)}' is not supported; JSON is UTF-8.`);
}

function unsupported(message: string): HttpError {
  return new HttpError(415, message, '0x80060888');
}

function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}
