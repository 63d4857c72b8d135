import { useCallback, useState } from 'react';
import { bytesOf, toBase64 } from '../calls/bytes.ts';
import type { FormAttachment, NewMessageForm, ReplyForm } from '../calls/scene.ts';
import { createDraft, emptyFields, fieldsOf } from '../draft.ts';
import type { ComposeType, Draft, DraftFields } from '../draft.ts';
import type { Graph } from '../graph.ts';
import { toText } from '../plain-text.ts';
import type { ReplyKind } from './Ribbon.tsx';

export type Composing = ReturnType<typeof useComposing>;

let drafts = 0;

/** The one mail that is being written, and what can be done with it. */
export function useComposing(graph: Graph, mailboxChanged: () => void) {
  const [draft, setDraft] = useState<Draft | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [sending, setSending] = useState(false);

  const show = useCallback((next: Draft | null) => {
    setDraft(next);
    setProblem(null);
    setSending(false);
  }, []);

  const attempt = useCallback(async (act: () => Promise<void>) => {
    try {
      setProblem(null);
      await act();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }, []);

  const startNew = useCallback(
    (form?: NewMessageForm) => {
      const { attachments = [], ...fields } = form ?? {};
      const next = draftOf(graph, 'newMail', '', null, { ...emptyFields, ...fields, attachments: [] });
      show(next);
      void attempt(() => attachAll(graph, next, attachments));
    },
    [graph, show, attempt],
  );

  const startReply = useCallback(
    async (messageId: string, kind: ReplyKind, form?: ReplyForm) =>
      attempt(async () => {
        const { id } = await graph.createReply(messageId, kind);
        const next = await stored(graph, id, kind === 'forward' ? 'forward' : 'reply');
        if (form) addBody(next, form.body);
        show(next);
        if (form) await attachAll(graph, next, form.attachments);
      }),
    [graph, show, attempt],
  );

  const openStored = useCallback(
    async (id: string) => attempt(async () => show(await stored(graph, id, 'newMail'))),
    [graph, show, attempt],
  );

  const send = useCallback(
    async (sent: Draft) => {
      setSending(true);
      await attempt(async () => {
        const { to, cc, bcc } = sent.fields();
        if (to.length + cc.length + bcc.length === 0) throw new Error('Add at least one recipient.');
        await sent.send();
        show(null);
        mailboxChanged();
      });
      setSending(false);
    },
    [show, attempt, mailboxChanged],
  );

  const discard = useCallback(
    async (unwanted: Draft) =>
      attempt(async () => {
        await unwanted.discard();
        show(null);
        mailboxChanged();
      }),
    [show, attempt, mailboxChanged],
  );

  const keep = useCallback(
    async (kept: Draft) =>
      attempt(async () => {
        if (kept.isDirty()) await kept.save();
        show(null);
        mailboxChanged();
      }),
    [show, attempt, mailboxChanged],
  );

  /** Without a question: what nobody touched goes, what somebody wrote stays among the drafts. */
  const leave = useCallback(
    async (left: Draft) => (left.isTouched() || left.composeType === 'newMail' ? keep(left) : discard(left)),
    [keep, discard],
  );

  return { draft, problem, sending, startNew, startReply, openStored, send, discard, keep, leave };
}

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
