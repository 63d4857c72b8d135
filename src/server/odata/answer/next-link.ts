import type { Ask } from './ask.ts';

/** The same request for the rows behind a cookie. */
export function nextLink({ place, request }: Ask, cookie: string): string {
  const kept = request.search.split('&').filter((pair) => pair !== '' && !/^(?:\$|%24)skiptoken=/i.test(pair));
  return `${place.session.root}${request.path}?${[...kept, `$skiptoken=${cookie}`].join('&')}`;
}
