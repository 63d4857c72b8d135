import type { Cascades, CollectionNavigation, ManyNavigation, Model, Table } from '../metadata.ts';
import { tableOf } from '../metadata.ts';
import { managed, noLabel, type Definition } from './definition.ts';
import { metadataId } from './names.ts';

const words = { cascade: 'Cascade', none: 'NoCascade', removelink: 'RemoveLink', restrict: 'Restrict' } as const;

function cascadeConfiguration({ assign, share, delete: gone }: Cascades): object {
  return {
    Assign: words[assign],
    Delete: words[gone],
    Merge: assign === 'cascade' ? 'Cascade' : 'NoCascade',
    Reparent: words[assign],
    Share: words[share],
    Unshare: words[share],
    RollupView: 'NoCascade',
    Archive: 'RemoveLink',
  };
}

function shared(schemaName: string): Record<string, unknown> {
  return {
    MetadataId: metadataId(`relationship ${schemaName}`),
    HasChanged: null,
    SchemaName: schemaName,
    SecurityTypes: 'Append',
    IsManaged: true,
    IsCustomRelationship: /^[a-z]+_.*_/.test(schemaName) && schemaName.startsWith('new_'),
    IsCustomizable: managed(false, 'iscustomizable'),
    IsValidForAdvancedFind: true,
    IntroducedVersion: '5.0.0.0',
  };
}

/** The name by which the rows of `child` are led to the other side by `column`. */
export function singleName(child: Table, column: string, target: string): string {
  for (const { name, column: of, target: to } of child.single.values()) if (of === column && to === target) return name;
  return column;
}

export function oneToMany(model: Model, parent: Table, navigation: CollectionNavigation): Definition {
  const child = tableOf(model, navigation.target);
  return {
    type: 'OneToManyRelationshipMetadata',
    bases: ['RelationshipMetadataBase'],
    properties: {
      ...shared(navigation.name),
      RelationshipType: 'OneToManyRelationship',
      ReferencedEntity: parent.name,
      ReferencedAttribute: parent.key,
      ReferencedEntityNavigationPropertyName: navigation.name,
      ReferencingEntity: child.name,
      ReferencingAttribute: navigation.column,
      ReferencingEntityNavigationPropertyName: singleName(child, navigation.column, parent.name),
      CascadeConfiguration: cascadeConfiguration(navigation.cascades),
      AssociatedMenuConfiguration: {
        Behavior: 'UseCollectionName',
        Group: 'Details',
        Label: noLabel,
        Order: null,
        IsCustomizable: true,
        Icon: null,
        ViewId: '00000000-0000-0000-0000-000000000000',
        AvailableOffline: true,
        MenuId: null,
        QueryApi: null,
      },
      IsHierarchical: parent.name === child.name && /^parent/.test(navigation.column),
      EntityKey: null,
      IsRelationshipAttributeDenormalized: false,
      DenormalizedAttributeName: null,
      RelationshipBehavior: 1,
    },
    related: new Map(),
  };
}

export function manyToMany(near: Table, navigation: ManyNavigation): Definition {
  const sides = [
    { table: near.name, column: navigation.near },
    { table: navigation.target, column: navigation.far },
  ].sort((a, b) => (a.table < b.table ? -1 : 1));
  const [first = { table: '', column: '' }, second = { table: '', column: '' }] = sides;
  return {
    type: 'ManyToManyRelationshipMetadata',
    bases: ['RelationshipMetadataBase'],
    properties: {
      ...shared(navigation.name),
      RelationshipType: 'ManyToManyRelationship',
      Entity1LogicalName: first.table,
      Entity1IntersectAttribute: first.column,
      Entity1NavigationPropertyName: navigation.name,
      Entity2LogicalName: second.table,
      Entity2IntersectAttribute: second.column,
      Entity2NavigationPropertyName: navigation.name,
      IntersectEntityName: navigation.intersect,
    },
    related: new Map(),
  };
}
