/**
 * Office.js as its documentation describes it, as far as src/outlook uses it: callbacks, not promises; one `item` that is
 * replaced; arrays or objects to ask, by mode. What a story needs to go wrong is a switch.
 */
export interface FakeMail {
  id: string;
  kind?: 'message' | 'appointment';
  itemClass?: string;
  subject?: string;
  from?: { displayName: string; emailAddress: string } | null;
  to?: { displayName: string; emailAddress: string }[];
  messageId?: string | undefined;
  headers?: string | null;
  body?: string;
  attachments?: { id: string; name: string; size: number; content: string; format: string }[];
}

type Answer = (result: unknown) => void;

export class FakeOffice {
  /** Categories of the mailbox's master list, and what every mail carries. */
  masterCategories = ['Tracked to CRM'];
  readonly categories = new Map<string, Set<string>>();
  readonly properties = new Map<string, Map<string, unknown>>();
  /** Of the draft that was opened last. A sent draft is a mail with its id, `draft`, and these among its headers. */
  readonly draftHeaders = new Map<string, string>();
  readonly notifications: { id: string; key: string; message: string; type: string }[] = [];
  /** Held back answers are given by `release`; otherwise each comes in the next turn of the loop. */
  holding = false;
  running = 0;
  mostAtOnce = 0;
  private held: (() => void)[] = [];
  private readonly itemChanged = new Set<() => void>();
  private recipientsChanged = new Set<() => void>();
  readonly mailbox: Record<string, unknown>;

  constructor(options: { category?: boolean; headers?: boolean } = {}) {
    this.options = { category: true, headers: true, ...options };
    this.mailbox = {
      item: null,
      userProfile: { displayName: 'Dana Whitfield', emailAddress: 'dana@contoso.example' },
      addHandlerAsync: (event: string, handler: () => void, answer: Answer) => {
        if (event === 'olkItemSelectedChanged') this.itemChanged.add(handler);
        this.answer(answer, undefined);
      },
    };
  }

  private readonly options: { category: boolean; headers: boolean };

  install(): void {
    (globalThis as Record<string, unknown>)['Office'] = {
      context: { mailbox: this.mailbox, displayLanguage: 'de-DE' },
      AsyncResultStatus: { Succeeded: 'succeeded', Failed: 'failed' },
      CoercionType: { Html: 'html', Text: 'text' },
      EventType: { ItemChanged: 'olkItemSelectedChanged', RecipientsChanged: 'olkRecipientsChanged' },
      HostType: { Outlook: 'Outlook' },
      MailboxEnums: {
        ItemNotificationMessageType: { InformationalMessage: 'informationalMessage', ErrorMessage: 'errorMessage' },
      },
      onReady: async () => ({ host: 'Outlook' }),
    };
  }

  open(mail: FakeMail | null): void {
    this.mailbox['item'] = mail === null ? null : this.read(mail);
    for (const handler of this.itemChanged) handler();
  }

  /** The item changes and the host forgets to say so. */
  openSilently(mail: FakeMail): void {
    this.mailbox['item'] = this.read(mail);
  }

  compose(to: FakeMail['to']): { setTo: (people: FakeMail['to']) => void } {
    let people = to ?? [];
    this.recipientsChanged = new Set();
    const ask = (list: () => unknown[]) => ({ getAsync: (answer: Answer) => this.answer(answer, list()) });
    const headers = this.draftHeaders;
    headers.clear();
    const internetHeaders = {
      getAsync: (names: string[], answer: Answer) =>
        this.answer(answer, Object.fromEntries([...headers].filter(([name]) => names.includes(name)))),
      setAsync: (values: Record<string, string>, answer: Answer) => {
        for (const [name, value] of Object.entries(values)) headers.set(name, value);
        this.answer(answer, undefined);
      },
      removeAsync: (names: string[], answer: Answer) => {
        for (const name of names) headers.delete(name);
        this.answer(answer, undefined);
      },
    };
    this.mailbox['item'] = {
      itemType: 'message',
      ...(this.options.headers ? { internetHeaders } : {}),
      loadCustomPropertiesAsync: (answer: Answer) => this.answer(answer, this.propertiesOf('draft')),
      subject: { getAsync: (answer: Answer) => this.answer(answer, '') },
      to: ask(() => people),
      cc: ask(() => []),
      bcc: ask(() => []),
      addHandlerAsync: (_event: string, handler: () => void, answer: Answer) => {
        this.recipientsChanged.add(handler);
        this.answer(answer, undefined);
      },
      removeHandlerAsync: (_event: string, answer: Answer) => this.answer(answer, undefined),
    };
    for (const handler of this.itemChanged) handler();
    return {
      setTo: (next) => {
        people = next ?? [];
        for (const handler of this.recipientsChanged) handler();
      },
    };
  }

  release(): void {
    this.holding = false;
    const held = this.held;
    this.held = [];
    for (const give of held) give();
  }

  /** Everything asked has been answered: what one story leaves under way would count against the next one's three calls. */
  async idle(): Promise<void> {
    this.release();
    do await new Promise((resolve) => setTimeout(resolve, 0));
    while (this.running > 0);
  }

  private answer(callback: Answer, value: unknown, error?: { code: number; message: string }): void {
    this.running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    const give = (): void => {
      this.running -= 1;
      callback(error ? { status: 'failed', error } : { status: 'succeeded', value });
    };
    if (this.holding) this.held.push(give);
    else setTimeout(give, 0);
  }

  private read(mail: FakeMail): object {
    const categories = this.categories.get(mail.id) ?? new Set<string>();
    this.categories.set(mail.id, categories);
    const people = { to: mail.to ?? [], cc: [] };
    const appointment = mail.kind === 'appointment';
    return {
      itemType: mail.kind ?? 'message',
      itemClass: mail.itemClass ?? 'IPM.Note',
      itemId: mail.id,
      subject: mail.subject ?? '',
      ...(appointment
        ? { organizer: mail.from, requiredAttendees: people.to, optionalAttendees: [] }
        : { from: mail.from ?? null, ...people }),
      internetMessageId: mail.messageId,
      dateTimeCreated: new Date('2026-11-20T08:00:00Z'),
      attachments: (mail.attachments ?? []).map(({ id, name, size }) => ({
        id,
        name,
        size,
        isInline: false,
        contentType: '',
      })),
      body: { getAsync: (_type: string, answer: Answer) => this.answer(answer, mail.body ?? '') },
      ...(this.options.headers && mail.headers !== null
        ? { getAllInternetHeadersAsync: (answer: Answer) => this.answer(answer, mail.headers ?? '') }
        : {}),
      getAttachmentContentAsync: (id: string, answer: Answer) => {
        const found = mail.attachments?.find((attachment) => attachment.id === id);
        this.answer(answer, found && { content: found.content, format: found.format });
      },
      loadCustomPropertiesAsync: (answer: Answer) => this.answer(answer, this.propertiesOf(mail.id)),
      ...(this.options.category ? { categories: this.categoriesOf(categories) } : {}),
      notificationMessages: {
        replaceAsync: (key: string, { message, type }: { message: string; type: string }, answer: Answer) => {
          this.notifications.push({ id: mail.id, key, message, type });
          this.answer(answer, undefined);
        },
      },
    };
  }

  private propertiesOf(id: string): object {
    const properties = this.properties.get(id) ?? new Map<string, unknown>();
    this.properties.set(id, properties);
    return {
      get: (name: string) => properties.get(name),
      set: (name: string, value: unknown) => properties.set(name, value),
      remove: (name: string) => properties.delete(name),
      saveAsync: (saved: Answer) => this.answer(saved, undefined),
    };
  }

  private categoriesOf(present: Set<string>): object {
    const unknown = { code: 9044, message: 'One of the provided categories is not in the master category list.' };
    return {
      getAsync: (answer: Answer) => this.answer(answer, present.size === 0 ? null : [...present].map(named)),
      addAsync: (names: string[], answer: Answer) => {
        const known = names.every((name) => this.masterCategories.includes(name));
        if (known) for (const name of names) present.add(name);
        this.answer(answer, undefined, known ? undefined : unknown);
      },
      removeAsync: (names: string[], answer: Answer) => {
        for (const name of names) present.delete(name);
        this.answer(answer, undefined);
      },
    };
  }
}

const named = (displayName: string): { displayName: string } => ({ displayName });
