import { useMemo, useState } from 'react';
import type { Graph, MessageSummary } from '../graph.ts';
import { useCategories, useFolders, useMessages } from './queries.ts';

export type Mail = ReturnType<typeof useMail>;

const recipientFolders = ['sentitems', 'drafts'];

/** What lies in the mailbox, as far as it is shown: its folders, the open one's messages, and which is selected. */
export function useMail(graph: Graph) {
  const [folderId, openFolder] = useState<string | null>(null);
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const [search, setSearch] = useState('');
  const folders = useFolders(graph);
  const categories = useCategories(graph).data ?? [];
  const folder = folders.data?.find(({ id }) => id === folderId) ?? inboxOf(folders.data);
  const list = useMessages(graph, folder?.id ?? null);
  const messages = useMemo(() => list.data?.pages.flatMap((page) => page.messages) ?? [], [list.data]);
  const found = useMemo(() => messages.filter((message) => matches(message, search)), [messages, search]);

  return {
    folders: folders.data ?? [],
    folder,
    openFolder,
    categories,
    list,
    /** Of the loaded messages those that the search finds. */
    found,
    find: (id: string | null) => messages.find((message) => message.id === id) ?? null,
    /** Who matters in this folder is who it went to. */
    showsRecipients: recipientFolders.includes(folder?.wellKnownName?.toLowerCase() ?? ''),
    problem: folders.error ?? list.error,
    selectedId,
    setSelectedId,
    search,
    setSearch,
  };
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
