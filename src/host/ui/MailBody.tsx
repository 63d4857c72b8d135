import { useEffect, useMemo, useState } from 'react';
import {
  Button,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  makeStyles,
  mergeClasses,
  tokens,
} from '@fluentui/react-components';
import type { Graph } from '../graph.ts';
import type { ReadItem } from '../open-item.ts';
import { beginningOf, mailDocument } from '../sanitise.ts';
import type { MailDocumentOptions } from '../sanitise.ts';

const useStyles = makeStyles({
  frame: { display: 'block', width: '100%', border: 'none', minHeight: '40px' },
  paper: { backgroundColor: '#fff', borderRadius: tokens.borderRadiusMedium, padding: '12px', colorScheme: 'light' },
  text: {
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    margin: 0,
    fontFamily: tokens.fontFamilyBase,
    fontSize: tokens.fontSizeBase300,
    lineHeight: '1.5',
  },
  bar: { marginBottom: '12px' },
});

/** Characters of HTML above which a mail takes seconds to lay out (5 MB of table: four), and what is shown of it then. */
const LONG = 1_000_000;
const BEGINNING = 200_000;

/** Of the page around the mail. */
export type MailColors = Pick<MailDocumentOptions, 'ink' | 'link' | 'scheme'>;

export interface MailBodyProps {
  readonly item: ReadItem;
  readonly graph: Graph;
  readonly colors: MailColors;
}

export function MailBody({ item, graph, colors }: MailBodyProps) {
  const styles = useStyles();
  const body = item.message.body;
  if (!body || body.content.trim() === '') return <p className={styles.text}>This message has no text.</p>;
  if (body.contentType === 'text')
    return (
      <pre dir="auto" className={styles.text}>
        {body.content}
      </pre>
    );
  return <HtmlBody item={item} graph={graph} colors={colors} html={body.content} />;
}

function HtmlBody({ item, graph, colors, html }: MailBodyProps & { readonly html: string }) {
  const styles = useStyles();
  const [showRemote, setShowRemote] = useState(false);
  const [showAll, setShowAll] = useState(html.length <= LONG);
  const [height, setHeight] = useState(120);
  const pictures = useInlinePictures(item, graph, html);
  const mail = useMemo(
    () =>
      pictures === null
        ? null
        : mailDocument(showAll ? html : beginningOf(html, BEGINNING), {
            showRemote,
            inlinePicture: (id) => pictures.get(id) ?? null,
            ...colors,
          }),
    [html, showAll, showRemote, pictures, colors],
  );
  const [frame, setFrame] = useState<HTMLIFrameElement | null>(null);
  useEffect(() => (frame ? followHeight(frame, setHeight) : undefined), [frame]);

  if (!mail) return null;
  return (
    <>
      {!showAll && (
        <MessageBar className={styles.bar}>
          <MessageBarBody>This message is very long. You see its beginning.</MessageBarBody>
          <MessageBarActions>
            <Button onClick={() => setShowAll(true)}>Show everything</Button>
          </MessageBarActions>
        </MessageBar>
      )}
      {mail.blocked && !showRemote && (
        <MessageBar className={styles.bar}>
          <MessageBarBody>
            Pictures from the internet are blocked: they tell the sender that you read this.
          </MessageBarBody>
          <MessageBarActions>
            <Button onClick={() => setShowRemote(true)}>Show pictures</Button>
          </MessageBarActions>
        </MessageBar>
      )}
      <div className={mergeClasses(mail.colored && colors.scheme === 'dark' && styles.paper)}>
        <iframe
          ref={setFrame}
          title="Message body"
          // Same origin so that its height can be read and its links open; no scripts run in it.
          sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
          srcDoc={mail.html}
          className={styles.frame}
          style={{ height }}
        />
      </div>
    </>
  );
}

/** The reading pane scrolls, not the mail: the frame is as high as what is in it. */
function followHeight(frame: HTMLIFrameElement, onHeight: (height: number) => void): () => void {
  let observer: ResizeObserver | null = null;
  const measure = () => {
    const body = frame.contentDocument?.body;
    if (body) onHeight(Math.ceil(body.getBoundingClientRect().height + body.getBoundingClientRect().top) + 8);
  };
  const start = () => {
    observer?.disconnect();
    const body = frame.contentDocument?.body;
    if (!body) return;
    observer = new ResizeObserver(measure);
    observer.observe(body);
    measure();
  };
  frame.addEventListener('load', start);
  start();
  return () => {
    frame.removeEventListener('load', start);
    observer?.disconnect();
  };
}

/** Content id -> address of the picture's bytes; null while they are on their way. */
function useInlinePictures(item: ReadItem, graph: Graph, html: string): ReadonlyMap<string, string> | null {
  const wanted = useMemo(
    () => item.attachments.filter(({ contentId }) => contentId && html.includes(`cid:${bare(contentId)}`)),
    [item.attachments, html],
  );
  const [pictures, setPictures] = useState<ReadonlyMap<string, string> | null>(wanted.length === 0 ? new Map() : null);
  const { id } = item.message;

  useEffect(() => {
    if (wanted.length === 0) {
      setPictures(new Map());
      return undefined;
    }
    const addresses = new Map<string, string>();
    let ended = false;
    void Promise.allSettled(
      wanted.map(async (attachment) => {
        const blob = await graph.attachment(id, attachment.id);
        // Only pictures are shown; an HTML part under a cid would be a page of somebody else in our origin.
        if (blob.type.startsWith('image/') || attachment.contentType?.startsWith('image/')) {
          const picture = new Blob([blob], { type: attachment.contentType ?? blob.type });
          addresses.set(bare(attachment.contentId ?? ''), URL.createObjectURL(picture));
        }
      }),
    ).then(() => {
      if (!ended) setPictures(addresses);
    });
    return () => {
      ended = true;
      addresses.forEach((address) => URL.revokeObjectURL(address));
    };
  }, [wanted, graph, id]);
  return pictures;
}

const bare = (contentId: string): string => contentId.replace(/^<|>$/g, '');
