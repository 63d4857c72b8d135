/** At most two letters for a picture that is not there: "Ada King Lovelace" -> "AL", "山田太郎" -> "山", "ada@..." -> "A". */
export function initials(name: string): string {
  const words = name
    .replace(/@.*$/, '')
    .replace(/[([{].*?[)\]}]/g, '')
    .split(/[\s._-]+/)
    .map((word) => /^\p{L}/u.exec(word.replace(/^[^\p{L}]+/u, ''))?.[0] ?? '')
    .filter((letter) => letter !== '');
  const [first = '', last] = [words[0], words.length > 1 ? words.at(-1) : undefined];
  // Scripts without capitals give no monograms: one sign says more than two.
  const both = last !== undefined && /\p{Lu}/u.test(first.toLocaleUpperCase()) ? first + last : first;
  return both.toLocaleUpperCase();
}

/** The same number for the same text, from 0 to `many` - 1: one person keeps one colour. */
export function spread(text: string, many: number): number {
  let sum = 0;
  for (const letter of text) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return sum % many;
}
