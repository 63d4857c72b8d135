const { document } = globalThis;

/** An element with its content: elements, texts, or nothing. */
export function make(tag, content, more = {}) {
  const element = Object.assign(document.createElement(tag), more);
  element.append(...[content].flat().filter((item) => item !== undefined && item !== null));
  return element;
}
