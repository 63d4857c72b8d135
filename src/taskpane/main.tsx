import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { readConfig } from '../identity/config.ts';
import { officeReady } from '../outlook/office.ts';
import { createOfficeMailbox } from '../outlook/office-mailbox.ts';
import { officeColours, onOfficeColours } from '../outlook/theme.ts';
import { hearElsewhere } from '../sync/elsewhere.ts';
import { Frame, loadTheme } from './frame.tsx';
import { languageFor, LanguageProvider } from './language.tsx';
import { NothingOpen } from './nothing-open.tsx';
import { Pane } from './pane.tsx';
import { createChoices } from './person/choices.ts';
import { startServices } from './start-services.ts';
import { createColours } from './colours.ts';
import { createRecentRegarding } from './track/recent-regarding.ts';

/** The pane's composition: everything is built here once and handed down. */
async function main(): Promise<void> {
  const place = document.getElementById('pane');
  if (place === null) throw new Error('taskpane.html has no place for the pane.');
  const root = createRoot(place, { onUncaughtError: (error) => showCrash(place, error) });
  // What does not need Outlook is under way while office.js and its host get to know each other.
  const config = () => readConfig({ fetch: fetch.bind(globalThis), url: `${location.origin}/config.json` });
  const firstConfig = config();
  firstConfig.catch(() => undefined);
  void loadTheme(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

  const insideOutlook = await officeReady();
  const colours = createColours({ own: officeColours, onOwn: onOfficeColours, media: (query) => matchMedia(query) });
  const first = await loadTheme(colours.current());

  if (!insideOutlook) {
    root.render(
      <Frame colours={colours} first={first} direction="ltr">
        <NothingOpen because="outside" />
      </Frame>,
    );
    return;
  }

  const mailbox = createOfficeMailbox({ tracked: 'Tracked in the CRM.' });
  const language = languageFor(mailbox.language);
  document.documentElement.lang = mailbox.language;
  document.documentElement.dir = language.direction;
  addEventListener('focus', () => mailbox.recheck());
  // Read by the benchmark, with alongside:named and alongside:card. Before React hears of it.
  const markItem = (): void => void performance.mark('alongside:item', { detail: { turn: mailbox.current()?.turn } });
  markItem();
  mailbox.subscribe(markItem);

  // Freshness: what was seen within half a minute is not asked for again; what is older is shown, then renewed.
  const queries = new QueryClient({
    defaultOptions: { queries: { staleTime: 30_000, gcTime: 30 * 60_000, retry: false, networkMode: 'always' } },
  });
  hearElsewhere(() => void queries.invalidateQueries({ queryKey: ['item-state'] }));
  let attempts = 0;
  const start = async () => {
    attempts += 1;
    return startServices({
      config: await (attempts === 1 ? firstConfig : config()),
      user: mailbox.user.address,
      origin: location.origin,
      fetch: fetch.bind(globalThis),
    });
  };
  const recent = createRecentRegarding(() => localStorage, `alongside.recent.${mailbox.user.address.toLowerCase()}`);

  root.render(
    <LanguageProvider value={language}>
      <Frame colours={colours} first={first} direction={language.direction}>
        <QueryClientProvider client={queries}>
          <Pane mailbox={mailbox} start={start} choices={createChoices(() => sessionStorage)} recent={recent} />
        </QueryClientProvider>
      </Frame>
    </LanguageProvider>,
  );
}

/** A fault of ours leaves React with nothing to show: say so, with the one thing that helps. Nothing recorded is lost. */
function showCrash(place: HTMLElement, error: unknown): void {
  console.error(error);
  const { texts } = languageFor(document.documentElement.lang);
  const reload = document.createElement('button');
  reload.textContent = texts.tryAgain;
  reload.addEventListener('click', () => location.reload());
  const page = document.createElement('p');
  page.setAttribute('role', 'alert');
  page.style.padding = '12px';
  page.append(texts.crashed, ' ', reload);
  place.replaceWith(page);
}

void main();
