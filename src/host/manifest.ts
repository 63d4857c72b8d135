import { child, descendants, readXml } from './xml.ts';
import type { XmlElement } from './xml.ts';

export type Permission = 'Restricted' | 'ReadItem' | 'ReadWriteItem' | 'ReadWriteMailbox';

export type ButtonAction =
  | { readonly kind: 'pane'; readonly url: string; readonly pinnable: boolean }
  | { readonly kind: 'function'; readonly name: string };

export interface RibbonButton {
  readonly id: string;
  readonly label: string;
  readonly tip: string;
  /** Size in pixels -> address. */
  readonly icons: ReadonlyMap<number, string>;
  readonly action: ButtonAction;
}

export interface RibbonGroup {
  readonly id: string;
  readonly label: string;
  readonly buttons: readonly RibbonButton[];
}

export interface AddinManifest {
  readonly id: string;
  readonly name: string;
  readonly permission: Permission;
  readonly domains: readonly string[];
  /** The page whose functions the ribbon calls; null when no button calls one. */
  readonly functionFile: string | null;
  readonly read: readonly RibbonGroup[];
  readonly compose: readonly RibbonGroup[];
}

const permissions: readonly Permission[] = ['Restricted', 'ReadItem', 'ReadWriteItem', 'ReadWriteMailbox'];

/**
 * What a mail host needs of an add-in only manifest with VersionOverrides 1.1.
 * @param addinUrl where the add-in is served: scheme, host and port of the manifest's addresses are replaced by it
 * @throws a sentence when the manifest lacks something
 */
export function readManifest(source: string, addinUrl: string): AddinManifest {
  const app = readXml(source);
  const overrides = newestOverrides(app);
  const resource = resourcesOf(overrides, addinUrl);
  const factor = descendants(overrides, 'DesktopFormFactor')[0];
  const surface = (type: string): readonly RibbonGroup[] => {
    const point = factor?.children.find((element) => element.attributes.get('xsi:type') === type);
    return point ? descendants(point, 'Group').map((group) => groupOf(group, resource)) : [];
  };
  const functionFile = child(factor, 'FunctionFile')?.attributes.get('resid');

  return {
    id: required(child(app, 'Id')?.text, 'an Id'),
    name: required(child(app, 'DisplayName')?.attributes.get('DefaultValue'), 'a DisplayName'),
    permission: permissions.find((permission) => permission === child(app, 'Permissions')?.text) ?? 'Restricted',
    domains: descendants(app, 'AppDomain').map((domain) => moved(domain.text, addinUrl)),
    functionFile: functionFile === undefined ? null : resource(functionFile),
    read: surface('MessageReadCommandSurface'),
    compose: surface('MessageComposeCommandSurface'),
  };
}

function newestOverrides(app: XmlElement): XmlElement {
  const newest = descendants(app, 'VersionOverrides').find(
    (element) => element.attributes.get('xsi:type') === 'VersionOverridesV1_1',
  );
  return required(newest, 'VersionOverrides 1.1');
}

type Resource = (resid: string) => string;

function resourcesOf(overrides: XmlElement, addinUrl: string): Resource {
  const values = new Map<string, string>();
  for (const kind of child(overrides, 'Resources')?.children ?? []) {
    const isAddress = kind.name === 'Urls' || kind.name === 'Images';
    for (const entry of kind.children) {
      const value = entry.attributes.get('DefaultValue') ?? '';
      values.set(entry.attributes.get('id') ?? '', isAddress ? moved(value, addinUrl) : value);
    }
  }
  return (resid) => required(values.get(resid), `the resource "${resid}"`);
}

function groupOf(group: XmlElement, resource: Resource): RibbonGroup {
  return {
    id: group.attributes.get('id') ?? '',
    label: resource(resid(child(group, 'Label'))),
    buttons: group.children
      .filter((control) => control.attributes.get('xsi:type') === 'Button')
      .map((control) => buttonOf(control, resource)),
  };
}

function buttonOf(control: XmlElement, resource: Resource): RibbonButton {
  const images = child(control, 'Icon')?.children ?? [];
  return {
    id: control.attributes.get('id') ?? '',
    label: resource(resid(child(control, 'Label'))),
    tip: resource(resid(child(child(control, 'Supertip'), 'Description'))),
    icons: new Map(images.map((image) => [Number(image.attributes.get('size')), resource(resid(image))])),
    action: actionOf(required(child(control, 'Action'), 'an Action'), resource),
  };
}

function actionOf(action: XmlElement, resource: Resource): ButtonAction {
  if (action.attributes.get('xsi:type') === 'ExecuteFunction') {
    return { kind: 'function', name: required(child(action, 'FunctionName')?.text, 'a FunctionName') };
  }
  return {
    kind: 'pane',
    url: resource(resid(child(action, 'SourceLocation'))),
    pinnable: child(action, 'SupportsPinning')?.text === 'true',
  };
}

const resid = (element: XmlElement | undefined): string => required(element?.attributes.get('resid'), 'a resid');

function moved(address: string, addinUrl: string): string {
  const { pathname, search } = new URL(address);
  const path = pathname === '/' && !address.endsWith('/') ? '' : pathname;
  return `${new URL(addinUrl).origin}${path}${search}`;
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined || value === '') throw new Error(`The manifest has not got ${what}.`);
  return value;
}
