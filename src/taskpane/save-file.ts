/** Hands a file to the person as a download, the one way that a page in a frame has. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads the address after the click; a minute is long enough for it to begin.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
