// What an Outlook refuses at installation, or shows as a hole in its ribbon, and no schema finds.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { descendants, readXml } from '../../src/host/xml.ts';
import type { XmlElement } from '../../src/host/xml.ts';

const root = new URL('../../', import.meta.url);
const source = readFileSync(new URL('manifest.xml', root), 'utf8');
const app = readXml(source);
const all = (name: string) => descendants(app, name);
const attribute = (element: XmlElement, name: string) => element.attributes.get(name) ?? '';
const childNames = (element: XmlElement) => element.children.map(({ name }) => name);

const overrides = all('VersionOverrides').find(
  ({ attributes }) => attributes.get('xsi:type') === 'VersionOverridesV1_1',
)!;
const resources = descendants(overrides, 'Resources')[0]!;
const kinds = new Map(resources.children.map((kind) => [kind.name, kind.children]));
const defined = new Map(
  [...kinds.values()].flat().map((entry) => [attribute(entry, 'id'), attribute(entry, 'DefaultValue')]),
);
const used = (element: XmlElement): string[] => [
  ...(element.attributes.has('resid') ? [attribute(element, 'resid')] : []),
  ...element.children.flatMap(used),
];

const addresses = [source.matchAll(/https?:\/\/[^"<\s]+/g)]
  .flatMap((found) => Array.from(found, ([address]) => address))
  .filter((address) => !/^http:\/\/(schemas\.microsoft\.com|www\.w3\.org)\//.test(address));

/** Width and height in a PNG's header. */
function sizeOf(address: string): [number, number] {
  const bytes = readFileSync(new URL(`.${new URL(address).pathname}`, root));
  expect(bytes.subarray(1, 4).toString('latin1')).toBe('PNG');
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

describe('the order that Outlook enforces', () => {
  test('of the outer elements', () => {
    expect(childNames(app)).toEqual(
      'Id Version ProviderName DefaultLocale DisplayName Description IconUrl HighResolutionIconUrl SupportUrl AppDomains Hosts Requirements FormSettings Permissions Rule DisableEntityHighlighting VersionOverrides'.split(
        ' ',
      ),
    );
  });

  test('of the overrides and their form factors', () => {
    expect(childNames(overrides)).toEqual(['Requirements', 'Hosts', 'Resources']);
    expect(childNames(resources)).toEqual(['Images', 'Urls', 'ShortStrings', 'LongStrings']);
    expect(childNames(all('Host').at(-1)!)).toEqual(['DesktopFormFactor', 'MobileFormFactor']);
    expect(childNames(all('DesktopFormFactor')[0]!)).toEqual(['FunctionFile', 'ExtensionPoint', 'ExtensionPoint']);
  });

  test('of what a button says about itself', () => {
    for (const control of all('Control')) {
      const isMobile = attribute(control, 'xsi:type') === 'MobileButton';
      expect(childNames(control)).toEqual(
        isMobile ? ['Label', 'Icon', 'Action'] : ['Label', 'Supertip', 'Icon', 'Action'],
      );
    }
  });
});

describe('identity', () => {
  test('a GUID, a version of four parts, the permission the marks need', () => {
    const text = (name: string) => app.children.find((element) => element.name === name)?.text;
    expect(text('Id')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(text('Version')).toMatch(/^\d{1,5}(\.\d{1,5}){3}$/);
    expect(text('Permissions')).toBe('ReadWriteItem');
    expect(source.length).toBeLessThan(256 * 1024);
  });
});

describe('resources', () => {
  test('every one that is used is defined, every one defined is used', () => {
    expect(new Set(used(overrides))).toEqual(new Set(defined.keys()));
  });

  test('names and texts keep within the limits', () => {
    for (const id of defined.keys()) expect(id.length).toBeLessThanOrEqual(32);
    for (const entry of kinds.get('ShortStrings')!)
      expect(attribute(entry, 'DefaultValue').length).toBeLessThanOrEqual(125);
    for (const entry of kinds.get('LongStrings')!)
      expect(attribute(entry, 'DefaultValue').length).toBeLessThanOrEqual(250);
    for (const label of all('Label')) {
      expect(defined.get(attribute(label, 'resid'))!.length).toBeLessThanOrEqual(16); // a telephone's limit
    }
  });

  test('every address is https and of one origin', () => {
    expect(addresses.length).toBeGreaterThan(20);
    expect(new Set(addresses.map((address) => new URL(address).origin))).toEqual(new Set(['https://localhost:3000']));
  });
});

describe('icons', () => {
  test('exist in the very size they are announced in', () => {
    for (const image of descendants(overrides, 'Image').filter(({ attributes }) => attributes.has('resid'))) {
      const pixels = Number(attribute(image, 'size')) * Number(image.attributes.get('scale') ?? 1);
      expect(sizeOf(defined.get(attribute(image, 'resid'))!)).toEqual([pixels, pixels]);
    }
    expect(sizeOf(attribute(all('IconUrl')[0]!, 'DefaultValue'))).toEqual([64, 64]);
    expect(sizeOf(attribute(all('HighResolutionIconUrl')[0]!, 'DefaultValue'))).toEqual([128, 128]);
  });

  test('come in all sizes Outlook asks for, on a desktop and on a telephone', () => {
    for (const icon of all('Icon')) {
      const isMobile = attribute(icon, 'xsi:type') === 'bt:MobileIconList';
      const sizes = icon.children.map((image) => [attribute(image, 'size'), image.attributes.get('scale')].join(''));
      if (isMobile) expect(sizes).toEqual(['251', '252', '253', '321', '322', '323', '481', '482', '483']);
      else expect(sizes).toEqual(expect.arrayContaining(['16', '32', '80']));
    }
  });
});

describe('the pages it names', () => {
  test.each([
    ['taskpane.html', 'src/taskpane/taskpane.html'],
    ['commands.html', 'src/commands/commands.html'],
  ])('%s loads office.js from the network, by the one tag the local stack knows', (name, template) => {
    expect(addresses).toContain(`https://localhost:3000/${name}`);
    expect(existsSync(new URL(template, root))).toBe(true);
    const tag = '<script src="https://officeapis.public.onecdn.static.microsoft/1/office.js"></script>';
    const [head = ''] = readFileSync(new URL(template, root), 'utf8').split('</head>');
    expect(head.split(tag)).toHaveLength(2);
  });

  test('every command of the ribbon has a function of that name', () => {
    const commands = readFileSync(new URL('src/commands/main.ts', root), 'utf8');
    for (const { text } of all('FunctionName')) expect(commands).toContain(`'${text}'`);
  });
});
