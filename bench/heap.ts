/** A binary heap: the smallest first. */
export function createHeap<Item>(keyOf: (item: Item) => number) {
  const items: { item: Item; key: number }[] = [];
  const keyAt = (index: number): number => items[index]?.key ?? Infinity;
  const swap = (one: number, other: number): void => {
    const [first, second] = [items[one], items[other]];
    if (first !== undefined && second !== undefined) [items[one], items[other]] = [second, first];
  };
  return {
    size: () => items.length,
    first: () => items[0]?.item,
    push(item: Item) {
      items.push({ item, key: keyOf(item) });
      for (let at = items.length - 1; at > 0 && keyAt(at) < keyAt((at - 1) >> 1); at = (at - 1) >> 1)
        swap(at, (at - 1) >> 1);
    },
    pop() {
      swap(0, items.length - 1);
      items.pop();
      for (let at = 0; ;) {
        const child = keyAt(2 * at + 2) < keyAt(2 * at + 1) ? 2 * at + 2 : 2 * at + 1;
        if (keyAt(child) >= keyAt(at)) return;
        swap(at, child);
        at = child;
      }
    },
  };
}
