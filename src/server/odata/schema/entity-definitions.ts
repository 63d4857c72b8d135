import type { AlternateKey, Table } from '../metadata.ts';
import { label, managed, noLabel, type Definition } from './definition.ts';
import { isCustomName, metadataId, objectTypeCode, plural, schemaNameOf } from './names.ts';

/** The metadata of one table. */
export function entityProperties(table: Table): Record<string, unknown> {
  const { name } = table;
  const schemaName = schemaNameOf(table);
  const custom = isCustomName(name);
  const takesPartAs = (navigation: string) => [...table.collections.keys()].some((each) => each.endsWith(navigation));
  return {
    MetadataId: metadataId(`entity ${name}`),
    HasChanged: null,
    LogicalName: name,
    SchemaName: schemaName,
    EntitySetName: table.setName,
    LogicalCollectionName: table.setName,
    CollectionSchemaName: plural(schemaName),
    ObjectTypeCode: objectTypeCode(table),
    PrimaryIdAttribute: table.key,
    PrimaryNameAttribute: table.primary ?? null,
    PrimaryImageAttribute: table.columns.has('entityimage') ? 'entityimage' : null,
    DisplayName: label(table.label, name),
    DisplayCollectionName: label(plural(table.label), `${name} collection`),
    Description: noLabel,
    OwnershipType: ownership(table),
    TableType: 'Standard',
    IsActivity: table.activity && !table.readOnly,
    IsActivityParty: takesPartAs('_activity_parties') && !table.activity,
    HasActivities: [...table.collections.keys()].some((each) => each.endsWith('_ActivityPointers')),
    HasNotes: [...table.collections.keys()].some((each) => each.endsWith('_Annotation')),
    HasFeedback: false,
    HasEmailAddresses: [...table.columns.values()].some(({ email }) => email === true),
    IsConnectionsEnabled: managed(takesPartAs('_connections1'), 'canmodifyconnectionsettings'),
    IsValidForQueue: managed(takesPartAs('_QueueItem'), 'canmodifyqueuesettings'),
    IsOptimisticConcurrencyEnabled: true,
    ChangeTrackingEnabled: table.tracked,
    CanChangeTrackingBeEnabled: managed(false, 'canchangetrackingbeenabled'),
    IsDuplicateDetectionEnabled: managed(table.owned && !table.activity, 'canmodifyduplicatedetectionsettings'),
    IsAvailableOffline: table.tracked,
    IsOfflineInMobileClient: managed(table.tracked, 'canmodifymobileclientoffline'),
    IsAuditEnabled: managed(false, 'canmodifyauditsettings'),
    IsCustomEntity: custom,
    IsCustomizable: managed(false, 'iscustomizable'),
    IsRenameable: managed(false, 'isrenameable'),
    IsManaged: !custom,
    IsIntersect: false,
    IsPrivate: false,
    IsLogicalEntity: false,
    IsStateModelAware: table.states.size > 0,
    EnforceStateTransitions: false,
    IsValidForAdvancedFind: true,
    IsChildEntity: false,
    IsReadOnlyInMobileClient: managed(table.readOnly, 'canmodifymobileclientreadonly'),
    IsVisibleInMobileClient: managed(true, 'canmodifymobileclientvisibility'),
    IsMailMergeEnabled: managed(false, 'canmodifymailmergesettings'),
    CanCreateAttributes: managed(false, 'cancreateattributes'),
    CanCreateForms: managed(false, 'cancreateforms'),
    CanCreateViews: managed(true, 'cancreateviews'),
    CanCreateCharts: managed(false, 'cancreatecharts'),
    CanBeInManyToMany: managed(false, 'canbeinmanytomany'),
    CanBePrimaryEntityInRelationship: managed(false, 'canbeprimaryentityinrelationship'),
    CanBeRelatedEntityInRelationship: managed(false, 'canberelatedentityinrelationship'),
    IsKnowledgeManagementEnabled: false,
    IsBusinessProcessEnabled: false,
    IsQuickCreateEnabled: false,
    IsBPFEntity: false,
    IsEnabledForExternalChannels: false,
    EntityColor: '',
    DataProviderId: null,
    DataSourceId: null,
    ExternalName: null,
    ExternalCollectionName: null,
    IntroducedVersion: '5.0.0.0',
    ReportViewName: `Filtered${schemaName}`,
    DaysSinceRecordLastModified: 0,
    Settings: [],
  };
}

function ownership({ owned, columns, name }: Table): string {
  if (owned) return 'UserOwned';
  if (name === 'systemuser' || name === 'team' || name === 'role') return 'BusinessOwned';
  return columns.has('createdby') ? 'OrganizationOwned' : 'None';
}

/** An alternate key; its index is there as soon as the table is. */
export function keyDefinition(table: Table, key: AlternateKey): Definition {
  return {
    type: 'EntityKeyMetadata',
    bases: [],
    properties: {
      MetadataId: metadataId(`key ${table.name}.${key.name}`),
      HasChanged: null,
      LogicalName: key.name,
      SchemaName: key.name,
      EntityLogicalName: table.name,
      DisplayName: label(key.name, `key ${table.name}.${key.name}`),
      KeyAttributes: key.columns,
      EntityKeyIndexStatus: 'Active',
      IsCustomizable: managed(false, 'iscustomizable'),
      IsManaged: false,
      IsSynchronous: true,
      IsExportKey: false,
      IsSecondaryKey: false,
      IntroducedVersion: '1.0.0.0',
    },
    related: new Map(),
  };
}
