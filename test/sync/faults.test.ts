import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { places } from '../drills/places.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const document = read('docs/faults.md');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const rows = document.split('\n').filter((line) => /^\| F\d\d /.test(line));
const proofs = rows.map((row) => {
  const [, fault = '', , shown = ''] = row.split('|').map((cell) => cell.trim());
  return [fault.slice(0, 3), shown.split(/; (?=`)/)] as const;
});

test('docs/faults.md names every fault once, or says why it is not there', () => {
  const listed = rows.map((row) => row.slice(2, 5));
  expect(new Set(listed).size).toBe(listed.length);
  const elsewhere = document.slice(document.indexOf('Of other parts:'));
  const others = [...elsewhere.matchAll(/F(\d\d)(?: to F(\d\d))?/g)].flatMap(([, from, to = from]) =>
    Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => Number(from) + index),
  );
  const all = [...listed.map((fault) => Number(fault.slice(1))), ...others].sort((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: 54 }, (_, index) => index + 1));
});

test.each(proofs)('%s is shown by tests that there are', (_fault, shown) => {
  for (const proof of shown) {
    const [, path = '', title] = /^`([^`]+)`(?: “(.+)”)?$/.exec(proof) ?? [];
    const [, script, place] = /^npm run (\w+)(?: -- (?:--place )?(\w+))?$/.exec(path) ?? [];
    if (script !== undefined) {
      expect(scripts).toHaveProperty(script);
      if (script === 'drills') expect([...places.keys()]).toContain(place);
      if (script === 'bench') expect(read('scripts/bench.js')).toContain(`${place}: () =>`);
      continue;
    }
    expect({ proof, isThere: existsSync(new URL(`../../${path}`, import.meta.url)) }).toEqual({ proof, isThere: true });
    const text = read(path);
    const quoted = ["'", '"', '`'].some((quote) => text.includes(`${quote}${title}${quote}`));
    expect({ proof, quoted }).toEqual({ proof, quoted: true });
  }
});
