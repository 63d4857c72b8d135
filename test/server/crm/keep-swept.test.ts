import { expect, test } from '@jest/globals';
import Fastify from 'fastify';
import { sql } from 'kysely';
import { keepSwept } from '../../../src/server/crm/files/keep-swept.ts';
import type { Database } from '../../../src/server/db/open.ts';
import { storedTime } from '../../../src/server/odata/values.ts';
import { forEachEngine } from '../engines.ts';

const HOUR = 3_600_000;
const start = Date.parse('2026-11-21T08:00:00.000Z');
const until = async (isSo: () => Promise<boolean>) => {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
};

forEachEngine('Uploads that nobody ended', ({ open }) => {
  test('are swept when the server starts and every hour, also after a sweep that failed, until it closes', async () => {
    const database = await open();
    const left = async () => {
      const { rows } = await sql<{ fileid: string }>`select fileid from fileupload order by fileid`.execute(
        database.db,
      );
      return rows.map(({ fileid }) => fileid);
    };
    const leave = (fileid: string, hours: number) =>
      sql`insert into fileupload (fileid, token, userid, tablename, columnname, filename, expireson)
        values (${fileid}, ${fileid}, 'u', 'contact', 'new_resume', 'a.txt', ${storedTime(new Date(start + hours * HOUR))})`.execute(
        database.db,
      );
    let [hours, begun, isAway] = [0, 0, false];
    const transaction: Database['transaction'] = async (work) => {
      begun += 1;
      if (isAway) throw new Error('The database is away.');
      return database.transaction(work);
    };
    const alarms = new Map<() => void, number>();
    const ring = () => alarms.forEach((_period, call) => call());
    const server = Fastify();
    await leave('a', -1);
    keepSwept(server, {
      database: { ...database, transaction },
      now: () => new Date(start + hours * HOUR),
      every(period, call) {
        alarms.set(call, period);
        return () => alarms.delete(call);
      },
    });
    expect([...alarms.values()]).toEqual([HOUR]);
    await until(async () => (await left()).length === 0);
    await leave('b', 0.5);
    await leave('c', 1.5);
    [hours, begun, isAway] = [1, 0, true];
    ring();
    await until(async () => begun === 1);
    isAway = false;
    expect(await left()).toEqual(['b', 'c']);
    ring();
    await until(async () => (await left()).length < 2);
    expect(await left()).toEqual(['c']);
    hours = 2;
    ring();
    await server.close();
    expect(await left()).toEqual([]);
    expect(alarms.size).toBe(0);
  });
});
