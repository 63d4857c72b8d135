/** Where a key leads in a list of `length` from `at`; null for keys that do not move. The ends meet. */
export function move(key: string, at: number, length: number): number | null {
  if (length === 0) return null;
  switch (key) {
    case 'ArrowDown':
      return (at + 1) % length;
    case 'ArrowUp':
      return (at - 1 + length) % length;
    case 'PageDown':
      return Math.min(at + 5, length - 1);
    case 'PageUp':
      return Math.max(at - 5, 0);
    case 'Home':
      return 0;
    case 'End':
      return length - 1;
    default:
      return null;
  }
}
