// npm run fuzz -- --seed N --requests M [--guest] [--postgres URL]: random requests against a real server. It prints the seed, a table,
// and each failing request as a line for a shell; it ends with 1 when something failed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../../src/server/db/open.ts';
import { crmModel } from '../../src/server/odata/tables/crm-model.ts';
import { fuzz, type Report } from './run.ts';

/** What one answer may take for one in a hundred requests, and how much may be held more after the first fifth. */
const P99 = 100;
const STATEMENT_LIMIT = 5_000;
const GROWTH = 8 * 1024 * 1024;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    requests: { type: 'string', default: '100000' },
    guest: { type: 'boolean', default: false },
    postgres: { type: 'string' },
  },
});
const directory = mkdtempSync(join(tmpdir(), 'alongside-fuzz-'));
const database = await openDatabase(
  values.postgres === undefined ? { file: join(directory, 'crm.sqlite') } : { url: values.postgres },
);
console.log(`seed ${values.seed}, ${values.requests} requests, ${database.engine}${values.guest ? ', a guest' : ''}`);
const report = await fuzz(
  database,
  crmModel,
  Number(values.seed),
  Number(values.requests),
  values.guest ? 'guest' : 'administrator',
);
await database.close();
rmSync(directory, { recursive: true, force: true });
print(report);
process.exitCode = report.faults.length > 0 || tooSlow(report) || grows(report) ? 1 : 0;

function tooSlow({ milliseconds }: Report): boolean {
  return milliseconds.p99 > P99 || milliseconds.max > STATEMENT_LIMIT;
}

function grows({ heap: [early = 0, late = 0] }: Report): boolean {
  return late - early > GROWTH;
}

function print({ statuses, faults, milliseconds, slowest, heap }: Report): void {
  console.table([...statuses].toSorted(([one], [other]) => one - other).map(([status, count]) => ({ status, count })));
  const round = (value: number) => Math.round(value * 10) / 10;
  console.table([
    { measure: 'p50, ms', value: round(milliseconds.p50) },
    { measure: 'p99, ms', value: round(milliseconds.p99) },
    { measure: 'longest, ms', value: round(milliseconds.max) },
    ...heap.map((bytes, index) => ({
      measure: `heap ${index === 0 ? 'after a fifth' : 'at the end'}, MB`,
      value: round(bytes / 1024 / 1024),
    })),
    { measure: 'faults', value: faults.length },
  ]);
  for (const slow of slowest)
    console.log(
      `\n${round(slow.milliseconds)} ms, ${round(slow.busy)} of them busy: ${slow.status}\n  ${slow.curl.slice(0, 1_000)}`,
    );
  for (const { what, curl, answer } of faults.slice(0, 50)) console.log(`\n${what}\n  ${curl}\n  -> ${answer}`);
}
