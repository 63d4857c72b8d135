import { metadataId } from './names.ts';

/** One item of the schema as it goes over the wire, and what can be expanded from it. */
export interface Definition {
  /** `StringAttributeMetadata` */
  type: string;
  /** What else a cast may call it. */
  bases: readonly string[];
  properties: Readonly<Record<string, unknown>>;
  related: ReadonlyMap<string, () => readonly Definition[] | Definition | undefined>;
}

const ATTRIBUTES =
  'BigInt Boolean DateTime Decimal Double EntityName Enum File Image Integer Lookup ManagedProperty Memo Money MultiSelectPicklist Picklist State Status String UniqueIdentifier';
const TYPES = new Set([
  ...['', ...ATTRIBUTES.split(' ')].map((kind) => `${kind}AttributeMetadata`),
  ...['RelationshipMetadataBase', 'OneToManyRelationshipMetadata', 'ManyToManyRelationshipMetadata'],
  ...['OptionSetMetadataBase', 'OptionSetMetadata', 'BooleanOptionSetMetadata'],
]);

/** Whether a list of definitions can be cast to a type: those of "Web API Metadata EntityType Reference". */
export function isMetadataType(name: string): boolean {
  return TYPES.has(name);
}

const ENGLISH = 1033;

/** A Label: one language is spoken. */
export function label(text: string, of: string): object {
  const english = {
    Label: text,
    LanguageCode: ENGLISH,
    IsManaged: false,
    MetadataId: metadataId(`label ${of}`),
    HasChanged: null,
  };
  return { LocalizedLabels: [english], UserLocalizedLabel: english };
}

export const noLabel: object = { LocalizedLabels: [], UserLocalizedLabel: null };

/** What a customiser could change in the original; here nothing is changed through this door. */
export function managed(value: boolean, name: string): object {
  return { Value: value, CanBeChanged: false, ManagedPropertyLogicalName: name };
}
