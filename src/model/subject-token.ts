/** The subject with the token at its end, cut so that a mail server takes it; a subject that has the token stays. */
export function withToken(subject: string, token: string, longest = 255): string {
  if (token === '' || subject.includes(token) || token.length > longest) return subject.slice(0, longest);
  const room = longest - token.length - 1;
  return `${subject.slice(0, room).trimEnd()} ${token}`.trimStart();
}
