import { useCallback, useRef, useState } from 'react';
import { bytesOf, toBase64 } from '../calls/bytes.ts';
import type { FormAttachment, NewMessageForm, ReplyForm } from '../calls/scene.ts';
import { createDraft, emptyFields, fieldsOf } from '../draft.ts';
import type { ComposeType, Draft, DraftFields } from '../draft.ts';
import type { Graph } from '../graph.ts';
import { toText } from '../plain-text.ts';
import type { ReplyKind } from './Ribbon.tsx';

export type Composing = ReturnType<typeof useComposing>;

let drafts = 0;

/** The one mail that is being written, and what can be done with it. Whoever opens another puts the first one away. */
export function useComposing(graph: Graph, mailboxChanged: () => void) {
  const current = useRef<Draft | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [sending, setSending] = useState(false);

  const show = useCallback((next: Draft | null, trouble: string | null = null) => {
    current.current = next;
    setDraft(next);
    setProblem(trouble);
    setSending(false);
  }, []);

  /** Closes the form, then finishes; a draft whose end fails comes back with the reason, so that nothing is lost. */
  const finish = useCallback(
    async (finished: Draft, end: () => Promise<unknown>) => {
      if (current.current === finished) show(null);
      try {
        await end();
        mailboxChanged();
      } catch (error) {
        show(finished, sentence(error));
      }
    },
    [show, mailboxChanged],
  );
  const discard = useCallback((unwanted: Draft) => finish(unwanted, unwanted.discard), [finish]);
  const keep = useCallback(
    (kept: Draft) => finish(kept, async () => (kept.isDirty() ? kept.save() : undefined)),
    [finish],
  );

  /** Without a question: an answer that nobody touched goes, what somebody wrote stays among the drafts. */
  const leave = useCallback(async () => {
    const left = current.current;
    if (left) await (left.isTouched() || left.composeType === 'newMail' ? keep(left) : discard(left));
  }, [keep, discard]);

  const open = useCallback(
    (next: Draft) => {
      void leave();
      show(next);
    },
    [leave, show],
  );

  const startNew = useCallback(
    (form?: NewMessageForm) => {
      const { attachments = [], ...fields } = form ?? {};
      const next = draftOf(graph, 'newMail', '', null, { ...emptyFields, ...fields, attachments: [] });
      open(next);
      attachAll(graph, next, attachments).catch((error: unknown) => setProblem(sentence(error)));
    },
    [graph, open],
  );

  const startReply = useCallback(
    async (messageId: string, kind: ReplyKind, form?: ReplyForm) => {
      const { id } = await graph.createReply(messageId, kind);
      const next = await stored(graph, id, kind === 'forward' ? 'forward' : 'reply');
      if (form) addBody(next, form.body);
      open(next);
      if (form) await attachAll(graph, next, form.attachments).catch((error: unknown) => setProblem(sentence(error)));
    },
    [graph, open],
  );

  const openStored = useCallback(async (id: string) => open(await stored(graph, id, 'newMail')), [graph, open]);

  const send = useCallback(
    async (sent: Draft) => {
      const { to, cc, bcc } = sent.fields();
      if (to.length + cc.length + bcc.length === 0) return setProblem('Add at least one recipient.');
      setSending(true);
      try {
        await sent.send();
        if (current.current === sent) show(null);
        mailboxChanged();
      } catch (error) {
        show(sent, sentence(error));
      }
      return undefined;
    },
    [show, mailboxChanged],
  );

  return { draft, problem, sending, startNew, startReply, openStored, send, discard, keep, leave };
}

const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function draftOf(
  graph: Graph,
  composeType: ComposeType,
  conversationId: string,
  savedId: string | null,
  fields: DraftFields,
): Draft {
  drafts += 1;
  return createDraft({ key: `draft:${drafts}`, composeType, conversationId, savedId, fields, graph });
}

async function stored(graph: Graph, id: string, composeType: ComposeType): Promise<Draft> {
  const [message, attachments] = await Promise.all([graph.message(id), graph.attachments(id)]);
  return draftOf(graph, composeType, message.conversationId ?? '', id, fieldsOf(message, attachments));
}

function addBody(draft: Draft, html: string): void {
  if (html === '') return;
  const { body, bodyType } = draft.fields();
  draft.change({ body: bodyType === 'html' ? html + body : `${toText(html)}\n${body}` });
}

async function attachAll(graph: Graph, draft: Draft, attachments: readonly FormAttachment[]): Promise<void> {
  for (const { kind, name, source } of attachments) {
    if (kind === 'item') {
      draft.attach(name, 'message/rfc822', toBase64(new Uint8Array(await graph.mime(source))));
    } else {
      const response = await fetch(source);
      if (!response.ok) throw new Error(`"${name}" could not be attached: its address answered ${response.status}.`);
      const blob = await response.blob();
      draft.attach(name, blob.type || 'application/octet-stream', toBase64(await bytesOf(blob)));
    }
  }
}
