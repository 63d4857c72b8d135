import DOMPurify from 'dompurify';

/** What asks, plays, embeds or draws by script: no mail needs it, whatever is shown of it. */
const active = [
  'form',
  'input',
  'button',
  'select',
  'textarea',
  'iframe',
  'object',
  'embed',
  'audio',
  'video',
  'svg',
  'math',
];

export interface MailDocument {
  /** A whole document for `srcdoc`. */
  readonly html: string;
  /** Pictures and other remote content that the mail would have fetched. */
  readonly blocked: boolean;
  /** True when the mail brings colours of its own, so that it needs the paper it was written for. */
  readonly colored: boolean;
}

export interface MailDocumentOptions {
  readonly showRemote: boolean;
  /** Content id -> address of the picture, null when the mail has no such part. */
  readonly inlinePicture: (contentId: string) => string | null;
  /** Text colour and link colour of the page around. */
  readonly ink: string;
  readonly link: string;
  readonly scheme: 'light' | 'dark';
}

const remote = /^\s*(?:https?:)?\/\//i;
const remoteInStyle = /url\(\s*['"]?\s*(?:https?:)?\/\/[^)]*\)/gi;

/**
 * A mail's HTML as a document that does nothing: no scripts, no forms, nothing fetched. DOMPurify takes out what acts;
 * the policy in the document is the second wall and the one that holds for style sheets.
 */
export function mailDocument(source: string, options: MailDocumentOptions): MailDocument {
  let blocked = false;
  const purify = DOMPurify(window);
  purify.addHook('afterSanitizeAttributes', (element) => {
    if (element.tagName === 'A') {
      element.setAttribute('target', '_blank');
      element.setAttribute('rel', 'noopener noreferrer');
    }
    for (const name of ['src', 'background', 'srcset', 'poster']) {
      const value = element.getAttribute(name);
      if (value === null) continue;
      if (remote.test(value)) {
        blocked = true;
        if (!options.showRemote) element.removeAttribute(name);
      } else if (/^cid:/i.test(value)) {
        const address = options.inlinePicture(contentIdOf(value));
        if (address === null) element.removeAttribute(name);
        else element.setAttribute(name, address);
      }
    }
    const style = element.getAttribute('style');
    if (style !== null && style.search(remoteInStyle) >= 0) {
      blocked = true;
      if (!options.showRemote) element.setAttribute('style', style.replaceAll(remoteInStyle, 'none'));
    }
    if (element.tagName === 'STYLE' && element.textContent.search(remoteInStyle) >= 0) {
      blocked = true;
      if (!options.showRemote) element.textContent = element.textContent.replaceAll(remoteInStyle, 'none');
    }
  });
  const root = purify.sanitize(source, {
    WHOLE_DOCUMENT: true,
    RETURN_DOM: true,
    ADD_ATTR: ['target', 'background', 'bgcolor'],
    ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel|cid|blob|data):|^#|^\/\//i,
    FORBID_TAGS: [...active, 'link', 'meta', 'base', 'title'],
    FORBID_ATTR: ['autofocus', 'contenteditable', 'accesskey', 'tabindex'],
  }) as HTMLElement;
  const head = root.querySelector('head')?.innerHTML ?? '';
  const body = root.querySelector('body')?.outerHTML ?? root.outerHTML;
  const colored = /bgcolor=|background|(?:^|[;"'\s{])color\s*:|<font[^>]+color/i.test(head + body);
  const paper = { ...options, ink: '#242424', link: '#115ea3', scheme: 'light' } as const;
  return { html: wrap(head, body, colored ? paper : options), blocked, colored };
}

/** `cid:` addresses are percent-encoded (RFC 2392); one that is not well encoded is taken as it is. */
function contentIdOf(address: string): string {
  const id = address.slice('cid:'.length);
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** A beginning of the mail that a browser shows at once; a cut inside a tag would show half of it. */
export function beginningOf(html: string, characters: number): string {
  return html.slice(0, html.lastIndexOf('<', characters));
}

function wrap(head: string, body: string, { showRemote, ink, link, scheme }: MailDocumentOptions): string {
  const pictures = showRemote ? 'img-src https: http: data: blob:' : 'img-src data: blob:';
  const policy = `default-src 'none'; ${pictures}; style-src 'unsafe-inline'; font-src data:`;
  const style =
    `:root{color-scheme:${scheme}}html{overflow:hidden auto}body{margin:0;padding:0 0 8px;font:14px/1.5 'Segoe UI',system-ui,sans-serif;color:${ink};overflow-wrap:anywhere}` +
    `a{color:${link}}img{max-width:100%;height:auto}pre{white-space:pre-wrap}` +
    `blockquote{margin:0 0 0 8px;padding-left:12px;border-left:2px solid #8888}`;
  return (
    `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">` +
    `<meta name="referrer" content="no-referrer"><style>${style}</style>${head}</head>${body}</html>`
  );
}

/** The addresses that a picture in a draft may have: whatever else it says, however written, would be fetched. */
const carriedAlong = /^\s*(?:data|blob|cid):/i;
/** A style that names an address, or may: an escape can spell `url` in a hundred ways. */
const mayFetch = /\\|(?:url|src|image|image-set)\s*\(/i;

/** HTML for the compose form, which lives in our own page: also without style sheets and remote pictures. */
export function editableHtml(source: string): string {
  const purify = DOMPurify(window);
  purify.addHook('afterSanitizeAttributes', (element) => {
    if (!carriedAlong.test(element.getAttribute('src') ?? '')) element.removeAttribute('src');
    if (mayFetch.test(element.getAttribute('style') ?? '')) element.removeAttribute('style');
  });
  return purify.sanitize(source, {
    FORBID_TAGS: ['style', ...active],
    FORBID_ATTR: ['background', 'srcset', 'class', 'id', 'autofocus', 'tabindex', 'accesskey'],
  });
}
