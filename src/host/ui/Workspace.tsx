import { useEffect, useMemo, useRef, useState } from 'react';
import { Avatar, Button, SearchBox, Spinner, mergeClasses } from '@fluentui/react-components';
import { ArrowLeftRegular, MailRegular, NavigationRegular } from '@fluentui/react-icons';
import type { Shell } from '../calls/scene.ts';
import { runCommand } from '../command.ts';
import type { Draft } from '../draft.ts';
import type { Attachment, MessageSummary, Person } from '../graph.ts';
import type { AddinManifest, RibbonButton } from '../manifest.ts';
import type { ReadItem } from '../open-item.ts';
import { createOutlook } from '../outlook.ts';
import { AddinPane } from './AddinPane.tsx';
import { CloseDraft } from './CloseDraft.tsx';
import { Compose } from './Compose.tsx';
import { FolderList } from './FolderList.tsx';
import { MessageList } from './MessageList.tsx';
import { Problem } from './Problem.tsx';
import { ProtocolLogDrawer } from './ProtocolLog.tsx';
import { useCategories, useFolders, useMailboxChanged, useMessages, useOpenMessage } from './queries.ts';
import { ReadingPane } from './ReadingPane.tsx';
import { Ribbon } from './Ribbon.tsx';
import { mailColors, paneTheme } from './theme.ts';
import type { ThemeName } from './theme.ts';
import { sameUrl, useAddinPane } from './use-addin-pane.ts';
import type { ShownItem } from './use-addin-pane.ts';
import { useComposing } from './use-composing.ts';
import { useWorkspaceStyles } from './workspace-styles.ts';

export interface WorkspaceProps {
  readonly addin: AddinManifest;
  readonly user: Person;
  readonly theme: ThemeName;
  readonly paneWidth: number;
  readonly showsLog: boolean;
  readonly onPaneWidth: (width: number) => void;
}

const COMMAND_BAR = 'localOutlook.command';
const noShell: Shell = {
  openMessage: () => undefined,
  newMessage: () => undefined,
  reply: () => undefined,
  openWindow: () => undefined,
  closeForm: () => undefined,
  mailboxChanged: () => undefined,
};

/** The mailbox of one user: folders, list, reading or writing, and the add-in's pane beside it. */
export function Workspace({ addin, user, theme, paneWidth, showsLog, onPaneWidth }: WorkspaceProps) {
  const styles = useWorkspaceStyles();
  const shell = useRef<Shell>(noShell);
  const [{ graph, notifications, log, frames }] = useState(() => createOutlook(addin, user, followed(shell)));
  useEffect(() => frames.listen(), [frames]);

  const mailboxChanged = useMailboxChanged();
  const [folderId, setFolderId] = useState<string | null>(null);
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const [search, setSearch] = useState('');
  const [foldersOpen, setFoldersOpen] = useState(false);
  const [asking, setAsking] = useState(false);
  const [trouble, setTrouble] = useState<unknown>(null);
  const [running, setRunning] = useState<string | null>(null);
  const hidden = useRef<HTMLDivElement>(null);
  const page = useRef<HTMLDivElement>(null);

  const folders = useFolders(graph);
  const categories = useCategories(graph).data ?? [];
  const currentFolder = folders.data?.find(({ id }) => id === folderId) ?? inboxOf(folders.data);
  const list = useMessages(graph, currentFolder?.id ?? null);
  const messages = useMemo(() => list.data?.pages.flatMap((one) => one.messages) ?? [], [list.data]);
  const found = useMemo(() => messages.filter((message) => matches(message, search)), [messages, search]);
  const composing = useComposing(graph, mailboxChanged);
  const { draft } = composing;
  const open = useOpenMessage(graph, draft ? null : selectedId);
  const item: ShownItem = draft ?? (selectedId === null || open.isError ? null : open.data);
  const pane = useAddinPane(item, notifications);
  const groups = draft ? addin.compose : addin.read;

  useMarkRead(open.data ?? null, (id) => void graph.change(id, { isRead: true }).then(mailboxChanged, () => undefined));

  /** What could not be opened is said above the list; it opens nothing and closes nothing. */
  const attempt = (act: Promise<unknown>) =>
    void act.then(
      () => setTrouble(null),
      (error: unknown) => setTrouble(error),
    );

  function select(id: string | null): void {
    const isDraft = messages.find((message) => message.id === id)?.isDraft === true;
    if (!isDraft) void composing.leave();
    setSelectedId(isDraft ? null : id); // a draft is written, not read
    if (isDraft && id !== null) attempt(composing.openStored(id));
  }

  function closeDraft(closing: Draft): void {
    if (closing.isTouched() && closing.isDirty()) setAsking(true);
    else void composing.leave();
  }

  async function command(button: RibbonButton): Promise<void> {
    if (button.action.kind === 'pane') return pane.open(button);
    if (!item || !hidden.current || addin.functionFile === null) return undefined;
    setRunning(button.id);
    const outcome = await runCommand({
      frames,
      container: hidden.current,
      url: addin.functionFile,
      functionName: button.action.name,
      controlId: button.id,
      item,
    });
    setRunning(null);
    mailboxChanged();
    if (outcome === 'completed') return undefined;
    notifications.remove(item.key, COMMAND_BAR);
    const message = `"${button.label}" did not finish: ${outcome}.`;
    notifications.add(item.key, { key: COMMAND_BAR, type: 'errorMessage', message, persistent: false });
    return undefined;
  }

  useEffect(() => {
    shell.current = {
      openMessage: select,
      newMessage: composing.startNew,
      reply: ({ message }, form) => attempt(composing.startReply(message.id, form.toAll ? 'replyAll' : 'reply', form)),
      openWindow: (url) => void window.open(url, '_blank', 'noopener'),
      closeForm: closeDraft,
      mailboxChanged,
    };
  });

  const summary = messages.find((message) => message.id === selectedId) ?? null;
  const paneButton = pane.button;
  return (
    <div ref={page} className={styles.page}>
      <header className={styles.top}>
        <div className={styles.header}>
          <Button
            className={styles.menu}
            appearance="subtle"
            icon={<NavigationRegular />}
            aria-label="Folders"
            aria-expanded={foldersOpen}
            onClick={() => setFoldersOpen(!foldersOpen)}
          />
          <h1 className={styles.product}>
            <MailRegular className={styles.mark} />
            Local Outlook
          </h1>
          <SearchBox
            className={styles.search}
            placeholder="Search the list"
            aria-label="Search"
            value={search}
            onChange={(_, { value }) => setSearch(value)}
          />
          <span className={styles.user}>
            <Avatar
              name={user.name}
              size={28}
              color="colorful"
              idForColor={user.address}
              title={`${user.name} <${user.address}>`}
            />
          </span>
        </div>
        <Ribbon
          groups={groups}
          canReply={!draft && open.data !== undefined}
          hasItem={item !== null && item !== undefined}
          openButtonId={
            groups.flatMap(({ buttons }) => buttons).find((button) => sameUrl(paneButton, button))?.id ?? null
          }
          runningButtonId={running}
          onNew={() => composing.startNew()}
          onReply={(kind) => open.data && attempt(composing.startReply(open.data.message.id, kind))}
          onAddin={(button) => void command(button)}
        />
      </header>
      <main className={styles.main}>
        <nav className={mergeClasses(styles.folders, foldersOpen && styles.foldersOpen)} aria-label="Folders">
          <FolderList
            folders={folders.data ?? []}
            currentId={currentFolder?.id ?? null}
            onOpen={(id) => {
              setFolderId(id);
              select(null);
              setFoldersOpen(false);
            }}
          />
        </nav>
        <section
          className={mergeClasses(styles.card, styles.list, (item || selectedId !== null) && styles.listBehind)}
          aria-label="Messages"
        >
          <div className={styles.listHead}>
            <h2 className={styles.listTitle}>{currentFolder?.displayName ?? 'Mail'}</h2>
            {list.isFetching && <Spinner size="extra-tiny" aria-label="Reading the mailbox" />}
          </div>
          {trouble !== null && <Problem error={trouble} onRetry={() => setTrouble(null)} retry="Dismiss" />}
          {(folders.error ?? list.error) ? (
            <Problem error={folders.error ?? list.error} onRetry={mailboxChanged} />
          ) : list.isPending ? (
            <Spinner className={styles.wait} label="Opening the mailbox" />
          ) : (
            <MessageList
              label={`${currentFolder?.displayName ?? 'Mail'} messages`}
              messages={found}
              categories={categories}
              selectedId={selectedId ?? draft?.id() ?? null}
              showsRecipients={['sentitems', 'drafts'].includes(currentFolder?.wellKnownName?.toLowerCase() ?? '')}
              hasMore={list.hasNextPage && search === ''}
              now={new Date()}
              onSelect={select}
              onMore={() => void list.fetchNextPage()}
            />
          )}
        </section>
        <section
          className={mergeClasses(styles.card, styles.reading, !item && selectedId === null && styles.readingBehind)}
          aria-label="Reading pane"
        >
          <Button className={styles.back} appearance="subtle" icon={<ArrowLeftRegular />} onClick={() => select(null)}>
            Back to the list
          </Button>
          {draft ? (
            <Compose
              key={draft.key}
              draft={draft}
              sender={user.address}
              notifications={notifications}
              addinName={addin.name}
              problem={composing.problem}
              sending={composing.sending}
              onSend={() => void composing.send(draft)}
              onDiscard={() => void composing.discard(draft)}
              onClose={() => closeDraft(draft)}
            />
          ) : (
            <ReadingPane
              key={selectedId}
              summary={summary}
              item={open.data ?? null}
              problem={open.error ? <Problem error={open.error} onRetry={mailboxChanged} /> : null}
              graph={graph}
              categories={categories}
              notifications={notifications}
              addinName={addin.name}
              colors={mailColors(theme)}
              onDownload={(from, attachment) => void download(from, attachment, graph.attachment)}
            />
          )}
        </section>
        {paneButton && (
          <div className={mergeClasses(styles.card, styles.pane)} style={{ width: paneWidth }}>
            <AddinPane
              name={addin.name}
              button={paneButton}
              frames={frames}
              item={item}
              theme={paneTheme(theme)}
              pinned={pane.pinned}
              width={paneWidth}
              calls={pane.calls}
              onPin={pane.setPinned}
              onWidth={onPaneWidth}
              onClose={pane.close}
              onEscape={() => page.current?.querySelector<HTMLElement>('[role="listbox"]')?.focus()}
            />
          </div>
        )}
      </main>
      {showsLog && <ProtocolLogDrawer log={log} />}
      <div ref={hidden} hidden />
      <CloseDraft
        open={asking && draft !== null}
        onSave={() => {
          setAsking(false);
          if (draft) void composing.keep(draft);
        }}
        onDiscard={() => {
          setAsking(false);
          if (draft) void composing.discard(draft);
        }}
        onStay={() => setAsking(false)}
      />
    </div>
  );
}

/** A shell for those who are made once: what it does is what the screen of the moment does. */
function followed(current: { readonly current: Shell }): Shell {
  return {
    openMessage: (id) => current.current.openMessage(id),
    newMessage: (form) => current.current.newMessage(form),
    reply: (item, form) => current.current.reply(item, form),
    openWindow: (url) => current.current.openWindow(url),
    closeForm: (draft) => current.current.closeForm(draft),
    mailboxChanged: () => current.current.mailboxChanged(),
  };
}

function useMarkRead(item: ReadItem | null, mark: (id: string) => void): void {
  const marked = useRef(new Set<string>());
  useEffect(() => {
    if (!item || item.message.isRead !== false || marked.current.has(item.key)) return;
    marked.current.add(item.key); // once: who marks it unread again means it
    mark(item.key);
  }, [item, mark]);
}

const inboxOf = <F extends { readonly wellKnownName?: string | null }>(
  folders: readonly F[] | undefined,
): F | undefined => folders?.find(({ wellKnownName }) => wellKnownName?.toLowerCase() === 'inbox') ?? folders?.[0];

function matches(message: MessageSummary, search: string): boolean {
  const { name, address } = message.from?.emailAddress ?? {};
  return [message.subject, message.bodyPreview, name, address]
    .join('\n')
    .toLocaleLowerCase()
    .includes(search.trim().toLocaleLowerCase());
}

async function download(
  item: ReadItem,
  attachment: Attachment,
  bytes: (id: string, attachmentId: string) => Promise<Blob>,
): Promise<void> {
  const address = URL.createObjectURL(await bytes(item.message.id, attachment.id));
  const link = document.createElement('a');
  link.href = address;
  link.download = attachment.name ?? 'attachment';
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
