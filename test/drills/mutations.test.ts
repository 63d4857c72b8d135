import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { mutated, readMutations, type NamedMutation } from './mutation.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const mutations = await readMutations();

/** Every mutation must still find its place and compile; that it is caught, says `npm run drills -- --mutations`. */
describe('the mutations', () => {
  const errorsOf = compiler();

  test.each(mutations)('$name: $breaks', (mutation) => {
    expect(errorsOf(mutation)).toEqual([]);
  });
});

/** Names that a mutation leaves unused are no reason to refuse it. */
const unused = [6133, 6192, 6196, 6198];

/** The types of the whole project, kept while one mutation after another stands in for its files. */
function compiler(): (mutation: NamedMutation) => string[] {
  const read = ts.getParsedCommandLineOfConfigFile(
    `${root}tsconfig.test.json`,
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (problem) => {
        throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, '\n'));
      },
    },
  );
  if (read === undefined) throw new Error('tsconfig.test.json cannot be read.');
  let inPlace: ReadonlyMap<string, string> = new Map();
  const versions = new Map<string, number>();
  const files = [...new Set(mutations.flatMap(({ edits }) => edits.map(({ file }) => `${root}${file}`)))];
  const service = ts.createLanguageService({
    getCompilationSettings: () => read.options,
    getScriptFileNames: () => files,
    getScriptVersion: (file) => String(versions.get(file) ?? 0),
    getScriptSnapshot: (file) => {
      const text = inPlace.get(file.slice(root.length)) ?? ts.sys.readFile(file);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
    fileExists: (file) => ts.sys.fileExists(file),
    readFile: (file) => ts.sys.readFile(file),
  });
  const put = (texts: ReadonlyMap<string, string>): void => {
    for (const file of [...inPlace.keys(), ...texts.keys()])
      versions.set(`${root}${file}`, (versions.get(`${root}${file}`) ?? 0) + 1);
    inPlace = texts;
  };
  return (mutation) => {
    const texts = mutated(mutation, root);
    put(texts);
    const problems = [...texts.keys()].flatMap((file) => [
      ...service.getSyntacticDiagnostics(`${root}${file}`),
      ...service.getSemanticDiagnostics(`${root}${file}`),
    ]);
    return problems
      .filter(({ code }) => !unused.includes(code))
      .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  };
}
