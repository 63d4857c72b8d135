import { useEffect, useRef, useState } from 'react';
import { mergeClasses } from '@fluentui/react-components';
import type { Draft } from '../draft.ts';
import type { Person } from '../graph.ts';
import type { AddinManifest, RibbonButton } from '../manifest.ts';
import type { ReadItem } from '../open-item.ts';
import { createOutlook } from '../outlook.ts';
import { AddinPane } from './AddinPane.tsx';
import { CloseDraft } from './CloseDraft.tsx';
import { FolderList } from './FolderList.tsx';
import { ListCard } from './ListCard.tsx';
import { MailCard } from './MailCard.tsx';
import { ProtocolLogDrawer } from './ProtocolLog.tsx';
import { useMailboxChanged, useOpenMessage } from './queries.ts';
import { Ribbon } from './Ribbon.tsx';
import { paneTheme } from './theme.ts';
import type { ThemeName } from './theme.ts';
import { TopBar } from './TopBar.tsx';
import { sameUrl, useAddinPane } from './use-addin-pane.ts';
import type { ShownItem } from './use-addin-pane.ts';
import { useCommand } from './use-command.ts';
import { useComposing } from './use-composing.ts';
import { useMail } from './use-mail.ts';
import { useShell } from './use-shell.ts';
import { useWorkspaceStyles } from './workspace-styles.ts';

export interface WorkspaceProps {
  readonly addin: AddinManifest;
  readonly user: Person;
  readonly theme: ThemeName;
  readonly paneWidth: number;
  readonly showsLog: boolean;
  readonly onPaneWidth: (width: number) => void;
}

/** The mailbox of one user: folders, list, reading or writing, and the add-in's pane beside it. */
export function Workspace(props: WorkspaceProps) {
  const { addin, user, theme, paneWidth } = props;
  const styles = useWorkspaceStyles();
  const page = useRef<HTMLDivElement>(null);
  const desk = useDesk(addin, user);
  const { outlook, mail, composing, open, item, pane, command, select, attempt } = desk;
  const [foldersOpen, setFoldersOpen] = useState(false);
  const { draft } = composing;
  const groups = draft ? addin.compose : addin.read;
  const paneButton = pane.button;
  const openButton = groups.flatMap(({ buttons }) => buttons).find((button) => sameUrl(paneButton, button));
  const hasMail = draft !== null || mail.selectedId !== null;

  function onAddin(button: RibbonButton): void {
    if (button.action.kind === 'pane') pane.open(button);
    else if (item) void command.run(button, item);
  }

  return (
    <div ref={page} className={styles.page}>
      <header className={styles.top}>
        <TopBar
          user={user}
          search={mail.search}
          foldersOpen={foldersOpen}
          onSearch={mail.setSearch}
          onFolders={setFoldersOpen}
        />
        <Ribbon
          groups={groups}
          canReply={!draft && open.data !== undefined}
          hasItem={item !== null && item !== undefined}
          openButtonId={openButton?.id ?? null}
          runningButtonId={command.running}
          onNew={() => composing.startNew()}
          onReply={(kind) => open.data && attempt(composing.startReply(open.data.message.id, kind))}
          onAddin={onAddin}
        />
      </header>
      <main className={styles.main}>
        <nav className={mergeClasses(styles.folders, foldersOpen && styles.foldersOpen)} aria-label="Folders">
          <FolderList
            folders={mail.folders}
            currentId={mail.folder?.id ?? null}
            onOpen={(id) => {
              mail.openFolder(id);
              select(null);
              setFoldersOpen(false);
            }}
          />
        </nav>
        <section className={mergeClasses(styles.card, styles.list, hasMail && styles.listBehind)} aria-label="Messages">
          <ListCard
            mail={mail}
            selectedId={mail.selectedId ?? draft?.id() ?? null}
            trouble={desk.trouble}
            onSelect={select}
            onDismiss={desk.forgetTrouble}
            onRetry={desk.mailboxChanged}
          />
        </section>
        <section
          className={mergeClasses(styles.card, styles.reading, !hasMail && styles.readingBehind)}
          aria-label="Reading pane"
        >
          <MailCard
            {...{ outlook, addin, user, theme, mail, composing, attempt }}
            item={open.data ?? null}
            error={open.error}
            onCloseDraft={desk.closeDraft}
            onBack={() => select(null)}
            onRetry={desk.mailboxChanged}
          />
        </section>
        {paneButton && (
          <div className={mergeClasses(styles.card, styles.pane)} style={{ width: paneWidth }}>
            <AddinPane
              name={addin.name}
              button={paneButton}
              frames={outlook.frames}
              item={item}
              theme={paneTheme(theme)}
              pinned={pane.pinned}
              width={paneWidth}
              calls={pane.calls}
              onPin={pane.setPinned}
              onWidth={props.onPaneWidth}
              onClose={pane.close}
              onEscape={() => page.current?.querySelector<HTMLElement>('[role="listbox"]')?.focus()}
            />
          </div>
        )}
      </main>
      {props.showsLog && <ProtocolLogDrawer log={outlook.log} />}
      <div ref={command.container} hidden />
      <CloseDraft {...desk.question} />
    </div>
  );
}

/** What is going on in the mailbox and what a person can do with it, without how it looks. */
function useDesk(addin: AddinManifest, user: Person) {
  const { shell, screen } = useShell();
  const [outlook] = useState(() => createOutlook(addin, user, shell));
  const { graph, frames, notifications } = outlook;
  useEffect(() => frames.listen(), [frames]);

  const mailboxChanged = useMailboxChanged();
  const mail = useMail(graph);
  const composing = useComposing(graph, mailboxChanged);
  const { draft } = composing;
  const open = useOpenMessage(graph, draft ? null : mail.selectedId);
  const item: ShownItem = draft ?? (mail.selectedId === null || open.isError ? null : open.data);
  const pane = useAddinPane(item, notifications);
  const command = useCommand(outlook, addin.functionFile, mailboxChanged);
  const [asking, setAsking] = useState<Draft | null>(null);
  const [trouble, setTrouble] = useState<unknown>(null);
  useMarkRead(open.data ?? null, (id) => void graph.change(id, { isRead: true }).then(mailboxChanged, () => undefined));

  /** What could not be done is said above the list; it opens nothing and closes nothing. */
  const attempt = (act: Promise<unknown>) =>
    void act.then(
      () => setTrouble(null),
      (error: unknown) => setTrouble(error),
    );

  function select(id: string | null): void {
    const isDraft = mail.find(id)?.isDraft === true;
    if (!isDraft) void composing.leave();
    mail.setSelectedId(isDraft ? null : id); // a draft is written, not read
    if (isDraft && id !== null) attempt(composing.openStored(id));
  }

  function closeDraft(closing: Draft): void {
    if (closing.isTouched() && closing.isDirty()) setAsking(closing);
    else void composing.leave();
  }

  const answered = (act?: (draft: Draft) => Promise<void>) => () => {
    setAsking(null);
    if (asking && act) void act(asking);
  };
  const question = {
    open: asking !== null,
    onSave: answered(composing.keep),
    onDiscard: answered(composing.discard),
    onStay: answered(),
  };

  useEffect(() => {
    screen.current = {
      openMessage: select,
      newMessage: composing.startNew,
      reply: ({ message }, form) => attempt(composing.startReply(message.id, form.toAll ? 'replyAll' : 'reply', form)),
      openWindow: (url) => void window.open(url, '_blank', 'noopener'),
      closeForm: closeDraft,
      mailboxChanged,
    };
  });

  const forgetTrouble = () => setTrouble(null);
  return {
    ...{ outlook, mail, composing, open, item, pane, command, question },
    ...{ trouble, forgetTrouble, attempt, select, closeDraft, mailboxChanged },
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
