/** Text of a stranger as it can stand in an address: half characters, which have no UTF-8, and NUL, which no database keeps, replaced. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}|\0/gu, '\ufffd');
}
