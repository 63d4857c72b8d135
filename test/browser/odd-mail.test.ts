import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeInBrowser } from './describe.ts';
import { crmClient, emailsAbout, openOutlook, until, type Outlook } from './outlook.ts';

const from = 'From: Hannah Meyer <hannah.meyer@fabrikam.example>';
const to = 'To: Dana Whitfield <dana@contoso.example>';
const date = 'Date: Fri, 20 Nov 2026 08:00:00 +0100';
const plain = ['Content-Type: text/plain; charset=utf-8', '', 'Good morning.', ''];
const crowd = Array.from({ length: 500 }, (_none, index) => `Guest ${index} <guest${index}@crowd.example>`);
const cells = `<tr><td style="padding:2px">Barista Duo</td><td>12</td><td>4500117</td></tr>\r\n`;
const rows = Math.ceil((5 * 1024 * 1024) / cells.length);
const table = `<table>${cells.repeat(rows)}</table><p>The last line.</p>`;

/** Bytes as they travel: base64 in lines of 76. */
function attachment(name: string, bytes: number): string[] {
  const lines = Buffer.alloc(bytes, 'milk')
    .toString('base64')
    .match(/.{1,76}/g);
  const head = ['Content-Type: application/octet-stream', 'Content-Transfer-Encoding: base64'];
  return ['--frontier', ...head, `Content-Disposition: attachment; filename="${name}"`, '', (lines ?? []).join('\r\n')];
}

const odd: Readonly<Record<string, readonly string[]>> = {
  'Nobody wrote this': [to, date, 'Message-ID: <nobody@odd.example>', ...plain],
  'This has no id': [from, to, date, ...plain],
  'This has no date': [from, to, 'Message-ID: <undated@odd.example>', ...plain],
  'This says nothing': [from, to, date, 'Message-ID: <silent@odd.example>', ''],
  'Hardly a mail': [],
};

/** Of one subject each, so that they are told apart by what the forger could not copy. */
const samePretence = 'Message-ID: <everybody-uses-this@odd.example>';

describeInBrowser('mail that is not as mail should be', () => {
  let folder: string;
  let outlook: Outlook;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'alongside-mail-'));
    const put = (subject: string, lines: readonly string[]) =>
      writeFileSync(join(folder, `${subject}.eml`), [`Subject: ${subject}`, ...lines].join('\r\n'));
    for (const [subject, lines] of Object.entries(odd)) put(subject, lines);
    put('To five hundred', [from, `To: ${crowd.join(',\r\n ')}`, date, 'Message-ID: <crowd@odd.example>', ...plain]);
    put('Five megabytes of table', [
      ...[from, to, date, 'Message-ID: <long@odd.example>', 'MIME-Version: 1.0'],
      ...['Content-Type: text/html; charset=utf-8', '', table, ''],
    ]);
    put('The first of two', [from, to, date, samePretence, ...plain]);
    put('The second of two', ['From: Mallory <mallory@evil.example>', to, date, samePretence, ...plain]);
    put('More than fits', [
      ...[from, to, date, 'Message-ID: <heavy@odd.example>', 'MIME-Version: 1.0'],
      ...['Content-Type: multipart/mixed; boundary="frontier"', '', '--frontier', ...plain.slice(0, 3)],
      ...attachment('film.bin', 25 * 1024 * 1024),
      ...attachment('note.bin', 2000),
      ...['--frontier--', ''],
    ]);
    outlook = await openOutlook({ mail: folder });
  });
  afterAll(async () => {
    await outlook.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function track(subject: string): Promise<void> {
    await outlook.read(subject);
    await outlook.page.getByRole('article', { name: subject }).waitFor();
    await outlook.says('Not tracked');
    await outlook.button('Track').click();
    await outlook.says('Tracked', 30_000);
  }

  /** Once more, by the button that does not ask whether it is tracked already. */
  async function trackAgain(): Promise<void> {
    const ribbon = outlook.page.getByRole('toolbar', { name: 'Ribbon' });
    await ribbon.getByRole('button', { name: 'Track', exact: true }).click();
    await outlook.page
      .getByRole('region', { name: 'Notifications' })
      .getByText(/tracked/i)
      .first()
      .waitFor({ timeout: 30_000 });
  }

  test.each(Object.keys(odd))('“%s” is tracked once, however often', async (subject) => {
    await track(subject);
    expect(await emailsAbout(outlook.stack, subject)).toHaveLength(1);
    await trackAgain();
    await outlook.says('Tracked');
    const [email, ...more] = await emailsAbout(outlook.stack, subject);
    expect(more).toEqual([]);
    expect(email).toMatchObject({ subject, directioncode: false, statecode: 1 });
    expect(email!.messageid).toMatch(/^<.+>$/);
  });

  test('five hundred people are all on the e-mail, and the pane shows a few and the number of the rest', async () => {
    const subject = 'To five hundred';
    await outlook.read(subject);
    const others = outlook.pane.getByRole('region', { name: 'Also on this message' });
    await others.getByRole('button', { name: '+ 494 more' }).click();
    await others.getByRole('button', { name: /^Guest 55, / }).waitFor();
    await track(subject);
    await trackAgain();
    const [email, ...more] = await emailsAbout(outlook.stack, subject);
    expect(more).toEqual([]);
    const { value } = await crmClient(outlook.stack).retrieveMultiple<{ addressused: string }>({
      collection: 'activityparties',
      select: ['addressused'],
      filter: `_activityid_value eq ${email!.activityid} and participationtypemask eq 2`,
    });
    expect(new Set(value.map(({ addressused }) => addressused)).size).toBe(500);
  });

  test('five megabytes of table reach the CRM to the last line', async () => {
    const subject = 'Five megabytes of table';
    await outlook.read(subject);
    await outlook.page.getByText('This message is very long. You see its beginning.').waitFor();
    await track(subject);
    const [email, ...more] = await emailsAbout(outlook.stack, subject);
    expect(more).toEqual([]);
    const { description } = await crmClient(outlook.stack).retrieve<{ description: string }>({
      collection: 'emails',
      key: email!.activityid,
      select: ['description'],
    });
    expect(description).toContain('The last line.');
    expect(description.match(/<tr>/g)).toHaveLength(rows);
  });

  test('an attachment larger than the CRM takes is left out, by name and reason; the others go along', async () => {
    const subject = 'More than fits';
    await track(subject);
    await outlook.tracking.getByText(/^film\.bin \(26\.2 MB\) was left out: larger than the CRM accepts\.$/).waitFor();
    const [email, ...more] = await emailsAbout(outlook.stack, subject);
    expect(more).toEqual([]);
    const files = await until(
      () => filesOf(email!.activityid),
      (found) => found.length > 0,
    );
    expect(files).toEqual([expect.objectContaining({ filename: 'note.bin', filesize: 2000 })]);
  });

  async function filesOf(activityId: string) {
    const { value } = await crmClient(outlook.stack).retrieveMultiple<Record<string, unknown>>({
      collection: 'activitymimeattachments',
      select: ['filename', 'filesize'],
      filter: `_objectid_value eq ${activityId}`,
    });
    return value;
  }

  test('two mails that carry the same Message-ID are two e-mails, each with its own sender', async () => {
    const subjects = ['The first of two', 'The second of two'];
    const rowsOf = (subject: string) => emailsAbout(outlook.stack, subject);
    for (const subject of subjects) {
      await outlook.read(subject);
      await outlook.page.getByRole('article', { name: subject }).waitFor();
      await outlook.says('Not tracked');
      await outlook.button('Track').click();
      await until(
        () => rowsOf(subject),
        (rows) => rows.length === 1,
      );
      await outlook.says('Tracked');
      await trackAgain();
    }
    const [first, second] = (await Promise.all(subjects.map(rowsOf))).flat();
    expect([first?.subject, second?.subject]).toEqual(subjects);
    expect(second!.messageid).not.toBe(first!.messageid);
  });
});
