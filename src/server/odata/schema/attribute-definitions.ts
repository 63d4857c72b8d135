import type { Column, Table } from '../metadata.ts';
import { isText, LARGEST_FILE } from '../files/place.ts';
import { label, managed, noLabel, type Definition } from './definition.ts';
import { columnSchemaName, isCustomName, metadataId } from './names.ts';
import { booleanOptions, choiceOptions, isGlobal } from './option-sets.ts';

interface Kind {
  /** AttributeTypeCode */
  code: string;
  /** AttributeTypeDisplayName, without `Type` where it is the code with it. */
  typeName?: string;
  /** `String` for StringAttributeMetadata */
  metadata?: string;
  more?: Record<string, unknown>;
}

const textFormats = [
  [/^emailaddress|emailaddress$/, 'Email'],
  [/telephone|phone|fax|pager|callback/, 'Phone'],
  [/url$|site/, 'Url'],
] as const;

function textFormat({ name }: Column): string {
  return textFormats.find(([pattern]) => pattern.test(name))?.[1] ?? 'Text';
}

/** How the metadata of the original speaks of a column. */
function kindOf(table: Table, column: Column): Kind {
  const stateful = table.states.size > 0;
  switch (column.kind) {
    case 'string':
      return { code: 'String', more: textProperties(column, textFormat(column)) };
    case 'memo':
      return { code: 'Memo', more: textProperties(column, 'TextArea') };
    case 'integer':
      return { code: 'Integer', more: { Format: 'None', MinValue: -2_147_483_648, MaxValue: 2_147_483_647 } };
    case 'bigint':
      return { code: 'BigInt', more: { MinValue: Number.MIN_SAFE_INTEGER, MaxValue: Number.MAX_SAFE_INTEGER } };
    case 'decimal':
      return { code: 'Decimal', more: { Precision: 10, MinValue: -1e11, MaxValue: 1e11, ImeMode: 'Disabled' } };
    case 'money':
      return { code: 'Money', more: moneyProperties(column) };
    case 'boolean':
      return { code: 'Boolean', more: { DefaultValue: column.initial === true } };
    case 'choice':
      if (stateful && column.name === 'statecode') return { code: 'State', more: { DefaultFormValue: null } };
      if (stateful && column.name === 'statuscode') return { code: 'Status', more: { DefaultFormValue: -1 } };
      return { code: 'Picklist', more: { DefaultFormValue: column.initial ?? -1, ParentPicklistLogicalName: null } };
    case 'choices':
      return {
        code: 'Virtual',
        typeName: 'MultiSelectPicklist',
        metadata: 'MultiSelectPicklist',
        more: { DefaultFormValue: -1, ParentPicklistLogicalName: null },
      };
    case 'datetime':
    case 'date':
      return { code: 'DateTime', more: dateProperties(column) };
    case 'guid':
      return { code: 'Uniqueidentifier', metadata: 'UniqueIdentifier' };
    case 'lookup':
      return { ...lookupKind(column), metadata: 'Lookup', more: { Targets: column.targets, Format: 'None' } };
    case 'bytes':
      return bytesKind(table, column);
  }
}

/** Notes and attachments are older than file columns: what they hold is text. */
function bytesKind(table: Table, column: Column): Kind {
  if (column.name.startsWith('entityimage'))
    return {
      code: 'Virtual',
      typeName: 'Image',
      metadata: 'Image',
      more: { IsPrimaryImage: true, MaxSizeInKB: 10_240 },
    };
  if (isText(table)) return { code: 'String', more: textProperties(column, 'Text') };
  return { code: 'Virtual', typeName: 'File', metadata: 'File', more: { MaxSizeInKB: LARGEST_FILE / 1_024 } };
}

function textProperties({ length = 1_073_741_823 }: Column, format: string): Record<string, unknown> {
  return { Format: format, FormatName: { Value: format }, MaxLength: length, ImeMode: 'Auto', IsLocalizable: false };
}

function moneyProperties({ name }: Column): Record<string, unknown> {
  const isBase = name.endsWith('_base');
  return {
    Precision: isBase ? 4 : 2,
    PrecisionSource: 2,
    MinValue: -922_337_203_685_477,
    MaxValue: 922_337_203_685_477,
    IsBaseCurrency: isBase,
    CalculationOf: isBase ? name.slice(0, -'_base'.length) : null,
    ImeMode: 'Disabled',
  };
}

function dateProperties({ kind }: Column): Record<string, unknown> {
  const dateOnly = kind === 'date';
  return {
    Format: dateOnly ? 'DateOnly' : 'DateAndTime',
    DateTimeBehavior: { Value: dateOnly ? 'DateOnly' : 'UserLocal' },
    CanChangeDateTimeBehavior: managed(false, 'canchangedatetimebehavior'),
    ImeMode: 'Inactive',
  };
}

function lookupKind({ name, targets = [] }: Column): Kind {
  if (name === 'ownerid') return { code: 'Owner' };
  const isCustomer = name.endsWith('customerid') && targets.length === 2 && targets.includes('account');
  return { code: isCustomer ? 'Customer' : 'Lookup' };
}

/** The metadata of one column; `isSecured`: by an administrator, besides what the metadata map says itself. */
export function attributeDefinition(table: Table, column: Column, number: number, isSecured: boolean): Definition {
  const { code, typeName, metadata = code, more = {} } = kindOf(table, column);
  const enumerated = ['Picklist', 'State', 'Status', 'MultiSelectPicklist'].includes(metadata);
  const related: [string, () => Definition | undefined][] = enumerated
    ? [
        ['OptionSet', () => choiceOptions(table, column)],
        ['GlobalOptionSet', () => (isGlobal(column) ? choiceOptions(table, column) : undefined)],
      ]
    : code === 'Boolean'
      ? [
          ['OptionSet', () => booleanOptions(table, column)],
          ['GlobalOptionSet', () => undefined],
        ]
      : [];
  return {
    type: `${metadata}AttributeMetadata`,
    bases: ['AttributeMetadata', ...(enumerated ? ['EnumAttributeMetadata'] : [])],
    properties: {
      ...shared(table, column, number),
      ...security(table, column, isSecured),
      AttributeType: code,
      AttributeTypeName: { Value: `${typeName ?? code}Type` },
      ...more,
    },
    related: new Map(related),
  };
}

/**
 * Whether column security can hide and freeze a column: not those that rows are found, named, owned or moved on by, nor
 * lookups, nor what the server writes.
 */
function canBeSecured(table: Table, { name, kind, ...column }: Column): boolean {
  const isStructural = name === table.key || name === table.primary || name === 'statecode' || name === 'statuscode';
  const isStored = column.constant === undefined && column.from === undefined;
  return !isStructural && isStored && kind !== 'lookup' && column.readOnly !== true && !table.readOnly;
}

function security(table: Table, column: Column, isSecured: boolean): Record<string, boolean> {
  const possible = column.secured === true || canBeSecured(table, column);
  return {
    IsSecured: column.secured === true || isSecured,
    CanBeSecuredForRead: possible,
    CanBeSecuredForCreate: possible,
    CanBeSecuredForUpdate: possible,
  };
}

function shared(table: Table, column: Column, number: number): Record<string, unknown> {
  const { name } = column;
  const isKey = name === table.key;
  const writable = column.readOnly !== true && column.constant === undefined && !table.readOnly;
  const of = `${table.name}.${name}`;
  return {
    MetadataId: metadataId(`attribute ${of}`),
    HasChanged: null,
    LogicalName: name,
    SchemaName: columnSchemaName(column),
    EntityLogicalName: table.name,
    AttributeOf: null,
    ColumnNumber: number,
    DisplayName: label(column.label, of),
    Description: noLabel,
    RequiredLevel: {
      Value: isKey ? 'SystemRequired' : column.required === true ? 'ApplicationRequired' : 'None',
      CanBeChanged: false,
      ManagedPropertyLogicalName: 'canmodifyrequirementlevelsettings',
    },
    IsPrimaryId: isKey,
    IsPrimaryName: name === table.primary,
    IsValidForCreate: writable,
    IsValidForRead: true,
    IsValidForUpdate: writable && !isKey && column.from === undefined,
    IsValidForAdvancedFind: managed(true, 'canmodifysearchsettings'),
    IsValidForForm: true,
    IsValidForGrid: true,
    IsCustomAttribute: isCustomName(name),
    IsCustomizable: managed(false, 'iscustomizable'),
    IsManaged: !isCustomName(name),
    IsLogical: column.constant !== undefined || column.from !== undefined,
    IsFilterable: column.kind !== 'bytes',
    IsSearchable: column.folded !== undefined,
    IsRetrievable: true,
    IsSortableEnabled: managed(column.kind !== 'bytes', 'canmodifyissortablesettings'),
    IsAuditEnabled: managed(false, 'canmodifyauditsettings'),
    IsRenameable: managed(false, 'isrenameable'),
    IsGlobalFilterEnabled: managed(false, 'canmodifyglobalfiltersettings'),
    IsDataSourceSecret: false,
    SourceType: 0,
    DeprecatedVersion: null,
    IntroducedVersion: '5.0.0.0',
    LinkedAttributeId: null,
    InheritsFrom: null,
    ExternalName: null,
    AutoNumberFormat: '',
  };
}
