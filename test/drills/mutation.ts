import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * One known way to break the product, so that it is seen which test notices. It is held by the text it replaces, not by line
 * numbers: an edit nearby leaves it alone, an edit of the place itself makes it fail clearly and be thought over.
 * Each is a file `mutations/NN-name.ts` whose default export is a Mutation.
 */
export interface Mutation {
  /** What is broken, as a person would say it. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** The smallest test files that should catch it, cheapest first; from the root of the repository. */
  readonly tests: readonly string[];
  /** Only tests whose names contain this; for files that hold much else. */
  readonly named?: string;
}

export interface Edit {
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

export interface NamedMutation extends Mutation {
  /** `09-name`, from its file. */
  readonly name: string;
}

const folder = new URL('mutations/', import.meta.url);

export async function readMutations(): Promise<readonly NamedMutation[]> {
  const files = readdirSync(folder).filter((file) => /^\d\d-.+\.ts$/.test(file));
  return Promise.all(
    files.sort().map(async (file) => {
      const module = (await import(new URL(file, folder).href)) as { default: Mutation };
      return { name: file.slice(0, -3), ...module.default };
    }),
  );
}

/** The files as they are when broken: path from the root -> text. @throws Error when a place is no longer there */
export function mutated(mutation: NamedMutation, root: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { file, find, replace } of mutation.edits) {
    const text = files.get(file) ?? readFileSync(join(root, file), 'utf8');
    const times = text.split(find).length - 1;
    if (times !== 1)
      throw new Error(`${mutation.name} no longer applies: in ${file} its place is there ${times} times, not once.`);
    files.set(
      file,
      text.replace(find, () => replace),
    );
  }
  return files;
}

/** Breaks the tree at `root`. @returns how it is mended */
export function breakTree(mutation: NamedMutation, root: string): () => void {
  const broken = [...mutated(mutation, root)];
  const whole = broken.map(([file]) => [file, readFileSync(join(root, file), 'utf8')] as const);
  for (const [file, text] of broken) writeFileSync(join(root, file), text);
  return () => {
    for (const [file, text] of whole) writeFileSync(join(root, file), text);
  };
}
