import { expect, test } from '@jest/globals';
import { createGraph } from '../../src/host/graph.ts';

test('folders in folders are shown by their path, right behind the folder they are in', async () => {
  const answers = new Map([
    [
      '/graph/me/mailFolders',
      [
        { id: 'a/', displayName: 'Projects', childFolderCount: 1 },
        { id: 'i', displayName: 'Inbox' },
      ],
    ],
    ['/graph/me/mailFolders/a%2F/childFolders', [{ id: 'b', displayName: 'Harbour', childFolderCount: 1 }]],
    ['/graph/me/mailFolders/b/childFolders', [{ id: 'c', displayName: '2026', childFolderCount: 0 }]],
  ]);
  const graph = createGraph({
    base: '/graph',
    token: async () => 'token',
    fetch: async (input) => Response.json({ value: answers.get((input as string).split('?')[0] ?? '') }),
  });
  const shown = (await graph.folders()).map(({ displayName }) => displayName);
  expect(shown).toEqual(['Projects', 'Projects/Harbour', 'Projects/Harbour/2026', 'Inbox']);
});
