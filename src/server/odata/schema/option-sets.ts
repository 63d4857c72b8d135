import type { Column, Table } from '../metadata.ts';
import { label, managed, noLabel, type Definition } from './definition.ts';
import { metadataId } from './names.ts';

/** Option sets that several tables share under one name. */
const shared = new Set(['budgetstatus', 'initialcommunication', 'need', 'purchaseprocess', 'purchasetimeframe']);

export function isGlobal({ name }: Column): boolean {
  return shared.has(name);
}

function option(value: number, text: string, of: string): Record<string, unknown> {
  return {
    Value: value,
    Color: null,
    IsManaged: true,
    ExternalValue: '',
    ParentValues: [],
    Tag: null,
    IsHidden: false,
    MetadataId: null,
    HasChanged: null,
    Label: label(text, `${of} ${value}`),
    Description: noLabel,
  };
}

function optionsOf(table: Table, column: Column, name: string): object[] {
  return [...(column.options ?? [])].map(([value, text]) => {
    const plain = option(value, text, name);
    if (column.name === 'statecode' && table.states.size > 0) {
      const [status] = table.states.get(value)?.statuses.keys() ?? [];
      return { ...plain, DefaultStatus: status ?? null, InvariantName: text };
    }
    if (column.name !== 'statuscode' || table.states.size === 0) return plain;
    const state = [...table.states].find(([, { statuses }]) => statuses.has(value))?.[0];
    return { ...plain, State: state ?? null, TransitionData: null };
  });
}

function optionSet(
  type: string,
  name: string,
  text: string,
  kind: string,
  more: Record<string, unknown>,
  global = false,
): Definition {
  return {
    type,
    bases: ['OptionSetMetadataBase'],
    properties: {
      MetadataId: metadataId(`optionset ${name}`),
      HasChanged: null,
      Name: name,
      DisplayName: label(text, `optionset ${name}`),
      Description: noLabel,
      IsCustomOptionSet: false,
      IsGlobal: global,
      IsManaged: true,
      IsCustomizable: managed(false, 'iscustomizable'),
      OptionSetType: kind,
      IntroducedVersion: null,
      ParentOptionSetName: null,
      ExternalTypeName: null,
      ...more,
    },
    related: new Map(),
  };
}

/** The options of a choice, a state or a status reason. */
export function choiceOptions(table: Table, column: Column): Definition {
  const name = isGlobal(column) ? column.name : `${table.name}_${column.name}`;
  const stateful = table.states.size > 0 && ['statecode', 'statuscode'].includes(column.name);
  const kind = stateful ? (column.name === 'statecode' ? 'State' : 'Status') : 'Picklist';
  const options = { Options: optionsOf(table, column, name) };
  return optionSet('OptionSetMetadata', name, column.label, kind, options, isGlobal(column));
}

export function booleanOptions(table: Table, column: Column): Definition {
  const name = `${table.name}_${column.name}`;
  return optionSet('BooleanOptionSetMetadata', name, column.label, 'Boolean', {
    TrueOption: option(1, 'Yes', name),
    FalseOption: option(0, 'No', name),
  });
}
