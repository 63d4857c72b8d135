import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readManifest } from '../../src/host/manifest.ts';
import { readXml } from '../../src/host/xml.ts';

const source = readFileSync(new URL('../../manifest.xml', import.meta.url), 'utf8');

describe('the manifest as the local Outlook reads it', () => {
  const addin = readManifest(source, 'http://localhost:4000');

  test('a pane that can be pinned and a command while reading, a pane while writing', () => {
    const actions = (groups: typeof addin.read) =>
      groups.flatMap(({ buttons }) => buttons).map(({ id, label, action }) => ({ id, label, kind: action.kind }));
    expect(actions(addin.read)).toEqual([
      { id: 'openPane', label: 'Alongside', kind: 'pane' },
      { id: 'trackMessage', label: 'Track', kind: 'function' },
    ]);
    expect(actions(addin.compose)).toEqual([{ id: 'openPaneCompose', label: 'Alongside', kind: 'pane' }]);
    expect(addin.read[0]?.buttons[0]?.action).toEqual({
      kind: 'pane',
      url: 'http://localhost:4000/taskpane.html',
      pinnable: true,
    });
    expect(addin.read[0]?.buttons[1]?.action).toEqual({ kind: 'function', name: 'trackMessage' });
  });

  test('its addresses are where the add-in is, whatever the manifest says', () => {
    expect(addin.functionFile).toBe('http://localhost:4000/commands.html');
    expect(addin.domains).toEqual(['http://localhost:4000']);
    expect(addin.read[0]?.buttons[0]?.icons.get(80)).toBe('http://localhost:4000/assets/icon-80.png');
    expect(addin).toMatchObject({ name: 'Alongside', permission: 'ReadWriteItem' });
  });

  test('what is missing is named', () => {
    const without = (text: string) => () => readManifest(source.replaceAll(text, ''), 'http://localhost:4000');
    expect(without('<bt:String id="Track.Label" DefaultValue="Track" />')).toThrow('the resource "Track.Label"');
    expect(without('xsi:type="VersionOverridesV1_1"')).toThrow('VersionOverrides 1.1');
  });
});

describe('the small XML reader', () => {
  test('reads elements, attributes, text and entities', () => {
    const root = readXml('<?xml version="1.0"?>\n<!-- a --><a x:t="1 &amp; 2"><b>c &lt; &#100;</b><e/></a>\n');
    expect(root.attributes.get('x:t')).toBe('1 & 2');
    expect(root.children.map(({ name, text }) => [name, text])).toEqual([
      ['b', 'c < d'],
      ['e', ''],
    ]);
  });

  test.each(['', '<a>', '<a></b>', '</a>', '<a', '<a b=c/>', '<!DOCTYPE a><a/>'])('refuses %j', (text) => {
    expect(() => readXml(text)).toThrow();
  });
});
