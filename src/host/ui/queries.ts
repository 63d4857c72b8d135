import { useCallback, useEffect, useRef } from 'react';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Graph } from '../graph.ts';
import type { ReadItem } from '../open-item.ts';
import { readItem } from '../open-item.ts';

const PAGE = 50;
/** Milliseconds in which several changes count as one. */
const GATHER = 50;

export function useFolders(graph: Graph) {
  return useQuery({ queryKey: ['folders'], queryFn: () => graph.folders() });
}

export function useMessages(graph: Graph, folderId: string | null) {
  return useInfiniteQuery({
    queryKey: ['messages', folderId],
    enabled: folderId !== null,
    initialPageParam: 0,
    queryFn: ({ pageParam }) => graph.messages(folderId ?? '', pageParam, PAGE),
    getNextPageParam: (last, pages) => (last.more ? pages.length * PAGE : null),
  });
}

export function useCategories(graph: Graph) {
  return useQuery({ queryKey: ['masterCategories'], queryFn: () => graph.masterCategories() });
}

/** The open message, whole: what a pane is told about it must be complete. */
export function useOpenMessage(graph: Graph, id: string | null) {
  return useQuery({
    queryKey: ['message', id],
    enabled: id !== null,
    queryFn: async (): Promise<ReadItem> => {
      const [message, attachments] = await Promise.all([graph.message(id ?? ''), graph.attachments(id ?? '')]);
      return readItem(message, attachments);
    },
  });
}

/** Reads everything shown anew: after an act of ours, when the window gets the focus, when the mailbox says so. */
export function useMailboxChanged(): () => void {
  const client = useQueryClient();
  const waiting = useRef<ReturnType<typeof setTimeout> | null>(null);
  const changed = useCallback(() => {
    // One act of ours is also told by the mailbox: both make one reading.
    waiting.current ??= setTimeout(() => {
      waiting.current = null;
      void client.invalidateQueries();
    }, GATHER);
  }, [client]);
  useEffect(() => {
    const events = new EventSource('/local/events');
    events.addEventListener('mailbox', changed);
    return () => events.close();
  }, [changed]);
  return changed;
}
