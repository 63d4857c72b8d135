import * as v from 'valibot';

/** What is wrong with a declaration of tables: one sentence for each fault, with its place. Nothing was changed. */
export class CustomTablesError extends Error {
  override readonly name = 'CustomTablesError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The declaration of custom tables was not taken over, and nothing was changed:\n- ${faults.join('\n- ')}`);
    this.faults = faults;
  }
}

const NAME = /^[a-z][a-z0-9]{1,7}_[a-z0-9][a-z0-9_]{0,39}$/;
const name = v.pipe(v.string(), v.regex(NAME, 'must be a name such as new_project: publisher, underscore, lower case'));
const label = v.pipe(v.string(), v.minLength(1, 'must not be empty'), v.maxLength(100, 'must be at most 100 long'));
const whole = v.pipe(v.number(), v.integer('must be a whole number'));
const length = (most: number) =>
  v.pipe(whole, v.minValue(1, 'must be at least 1'), v.maxValue(most, `must be at most ${most}`));
const shared = { name, label, required: v.optional(v.boolean()), secured: v.optional(v.boolean()) };
const option = v.strictObject({ value: v.pipe(whole, v.minValue(0), v.maxValue(2_147_483_647)), label });

const column = v.variant('type', [
  v.strictObject({
    ...shared,
    type: v.literal('text'),
    length: v.optional(length(4_000)),
    /** Compared through an index, without regard to case. */
    indexed: v.optional(v.boolean()),
  }),
  v.strictObject({ ...shared, type: v.literal('memo'), length: v.optional(length(1_048_576)) }),
  v.strictObject({
    ...shared,
    type: v.picklist(['integer', 'bigint', 'decimal', 'money', 'datetime', 'date', 'guid', 'file']),
  }),
  v.strictObject({ ...shared, type: v.literal('boolean'), default: v.optional(v.boolean()) }),
  v.strictObject({
    ...shared,
    type: v.literal('choice'),
    options: v.pipe(v.array(option), v.minLength(1, 'must name at least one option')),
    default: v.optional(whole),
  }),
  // Several of its options at once; documented: without a default.
  v.strictObject({
    ...shared,
    type: v.literal('choices'),
    options: v.pipe(v.array(option), v.minLength(1, 'must name at least one option')),
  }),
  v.strictObject({
    ...shared,
    type: v.literal('lookup'),
    targets: v.pipe(v.array(v.string()), v.minLength(1, 'must name a table'), v.maxLength(20)),
    /** What happens to a row here when the one it points to is assigned, shared or deleted. */
    behavior: v.optional(v.picklist(['parental', 'referential', 'restricting'])),
  }),
]);

const state = v.strictObject({
  value: v.pipe(whole, v.minValue(0), v.maxValue(9)),
  label,
  statuses: v.pipe(v.array(option), v.minLength(1, 'must name at least one status')),
});

const table = v.strictObject({
  name,
  label,
  /** Name of the set in addresses; default: the name with an s. */
  set: v.optional(name),
  ownership: v.optional(v.picklist(['user', 'organization'])),
  /** The column that names a row to people; a text. */
  primary: name,
  columns: v.pipe(v.array(column), v.maxLength(200, 'must be at most 200')),
  states: v.optional(v.pipe(v.array(state), v.minLength(1), v.maxLength(10))),
  keys: v.optional(
    v.array(v.strictObject({ name, columns: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(16)) })),
  ),
  /** Whether e-mails, tasks and the like can be about its rows. */
  activities: v.optional(v.boolean()),
  /** Whether its rows can have notes. */
  notes: v.optional(v.boolean()),
});

const declaration = v.strictObject({
  publisher: v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z0-9]{1,7}$/, 'must be 2 to 8 lower-case letters and digits, such as new'),
    v.check((text) => text !== 'mscrm', 'must not be mscrm'),
  ),
  tables: v.optional(v.pipe(v.array(table), v.maxLength(200, 'must be at most 200')), []),
  /** Further columns of tables that the CRM has anyway. */
  columns: v.optional(
    v.array(v.strictObject({ table: v.string(), columns: v.pipe(v.array(column), v.maxLength(200)) })),
    [],
  ),
});

export type Declaration = v.InferOutput<typeof declaration>;
export type DeclaredTable = v.InferOutput<typeof table>;
export type DeclaredColumn = v.InferOutput<typeof column>;

/** Reads the form of a declaration; whether its names fit together is for the model. @throws {CustomTablesError} */
export function readDeclaration(json: unknown): Declaration {
  const read = v.safeParse(declaration, json);
  if (read.success) return read.output;
  throw new CustomTablesError(
    read.issues.map((issue) => {
      const place =
        issue.path?.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('') ?? '';
      return `${place.replace(/^\./, '') || 'the file'}: ${issue.message}.`;
    }),
  );
}
