import { createHash } from 'node:crypto';
import type { ApiResponse } from '../message.ts';
import type { Model } from '../metadata.ts';
import type { Operation } from '../operations.ts';
import { entitySet, entityType } from './csdl-entity-type.ts';
import { complexTypes, operationImports, operationTypes } from './csdl-operations.ts';
import { element } from './xml.ts';

interface Document {
  text: string;
  etag: string;
}

const made = new WeakMap<Model, WeakMap<readonly Operation[], Document>>();

/** The CSDL document of the service, made once; a client that has it is told so (304). */
export function metadataDocument(
  model: Model,
  operations: readonly Operation[],
  known: string | undefined,
): ApiResponse {
  const { text, etag } = documentOf(model, operations);
  const headers = { etag, 'content-type': 'application/xml' };
  return known === etag ? { status: 304, headers: { etag } } : { status: 200, headers, body: text };
}

function documentOf(model: Model, operations: readonly Operation[]): Document {
  const ofModel = made.get(model) ?? new WeakMap<readonly Operation[], Document>();
  made.set(model, ofModel);
  const ready = ofModel.get(operations);
  if (ready !== undefined) return ready;
  const text = csdl(model, operations);
  const document = { text, etag: `W/"${createHash('sha1').update(text).digest('hex')}"` };
  ofModel.set(operations, document);
  return document;
}

function csdl(model: Model, operations: readonly Operation[]): string {
  const tables = [...model.tables.values()];
  const container = element('EntityContainer', { Name: 'System' }, [
    ...tables.map((table) => entitySet(model, table)),
    ...operationImports(operations),
  ]);
  const schema = element(
    'Schema',
    { Namespace: 'Microsoft.Dynamics.CRM', Alias: 'mscrm', xmlns: 'http://docs.oasis-open.org/odata/ns/edm' },
    [
      element('EntityType', { Name: 'crmbaseentity', Abstract: 'true' }),
      element('EntityType', { Name: 'principal', BaseType: 'mscrm.crmbaseentity', Abstract: 'true' }),
      element('EntityType', { Name: 'expando', BaseType: 'mscrm.crmbaseentity', OpenType: 'true' }),
      ...tables.map((table) => entityType(model, table)),
      ...complexTypes(operations),
      ...operationTypes(operations),
      container,
    ],
  );
  const core = element(
    'edmx:Reference',
    { Uri: 'https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Core.V1.xml' },
    [element('edmx:Include', { Namespace: 'Org.OData.Core.V1', Alias: 'Core' })],
  );
  const edmx = element('edmx:Edmx', { Version: '4.0', 'xmlns:edmx': 'http://docs.oasis-open.org/odata/ns/edmx' }, [
    core,
    element('edmx:DataServices', {}, [schema]),
  ]);
  return `<?xml version="1.0" encoding="utf-8"?>${edmx}`;
}
