import * as v from 'valibot';
import type { Category } from '../graph.ts';
import { call, CODE, done, failed } from '../protocol/dispatch.ts';
import type { Call } from '../protocol/dispatch.ts';
import { composing, reading, WrongItem } from './scene.ts';
import type { Scene } from './scene.ts';

const none = v.unknown();
const TEXT = 0;
const coercion = v.object({ coercionType: v.optional(v.number(), TEXT) });
const names = v.object({ categories: v.array(v.string()) });
const PROPERTIES = 'alongside.customProperties';
const MAX_PROPERTIES = 2500;

/** Calls that exist on a received message and, where it makes sense, on one being written. */
export const itemCalls: readonly Call<Scene>[] = [
  call(37, 'body.getAsync', 'ReadItem', coercion, ({ coercionType }, scene: Scene) => {
    const { content, contentType } = bodyOf(scene);
    if (coercionType === TEXT) return done(contentType === 'text' ? content : scene.toText(content));
    return done(contentType === 'html' ? content : asHtml(content));
  }),

  call(3, 'loadCustomPropertiesAsync', null, none, async (_, scene: Scene) => {
    const id = storedId(scene);
    const properties = id === null ? {} : await scene.graph.readExtension(id, PROPERTIES);
    return { wasSuccessful: true, customProperties: JSON.stringify(properties) };
  }),
  call(
    4,
    'customProperties.saveAsync',
    'ReadItem',
    v.object({ customProperties: v.record(v.string(), v.unknown()) }),
    async ({ customProperties }, scene: Scene) => {
      if (JSON.stringify(customProperties).length > MAX_PROPERTIES) return failed(CODE.settingsNotSaved);
      await scene.graph.writeExtension(await savedId(scene), PROPERTIES, customProperties);
      return done();
    },
  ),

  call(157, 'categories.getAsync', 'ReadItem', none, async (_, scene: Scene) => {
    const chosen = await scene.graph.categoriesOf(await savedId(scene));
    const master = await scene.graph.masterCategories();
    return done(chosen.map((name) => wireCategory(master.find(named(name)) ?? { displayName: name, color: 'none' })));
  }),
  call(158, 'categories.addAsync', 'ReadWriteItem', names, async ({ categories }, scene: Scene) => {
    const master = await scene.graph.masterCategories();
    if (!categories.every((name) => master.some(named(name)))) return failed(CODE.invalidCategory);
    return changeCategories(scene, (chosen) => [...new Set([...chosen, ...categories])]);
  }),
  call(159, 'categories.removeAsync', 'ReadWriteItem', names, ({ categories }, scene: Scene) =>
    changeCategories(scene, (chosen) => chosen.filter((name) => !categories.includes(name))),
  ),
];

const named = (name: string) => (category: Category) => category.displayName === name;

/** Graph writes `preset7`, Office.js `Preset7`. */
export const wireCategory = ({ displayName, color }: Category) => ({
  displayName,
  color: color.charAt(0).toUpperCase() + color.slice(1),
});

async function changeCategories(scene: Scene, change: (chosen: readonly string[]) => readonly string[]) {
  const id = await savedId(scene);
  await scene.graph.change(id, { categories: change(await scene.graph.categoriesOf(id)) });
  scene.shell.mailboxChanged();
  return done();
}

function bodyOf(scene: Scene): { content: string; contentType: 'html' | 'text' } {
  if (scene.item?.kind === 'compose') {
    const { body, bodyType } = scene.item.fields();
    return { content: body, contentType: bodyType };
  }
  return reading(scene).message.body ?? { content: '', contentType: 'text' };
}

function storedId(scene: Scene): string | null {
  if (!scene.item) throw new WrongItem('Nothing is selected.');
  return scene.item.kind === 'read' ? scene.item.message.id : scene.item.id();
}

/** What is written onto an item needs an item in the mailbox: a draft is saved first, as Outlook does. */
async function savedId(scene: Scene): Promise<string> {
  return storedId(scene) ?? (await composing(scene).save());
}

export const asHtml = (text: string): string =>
  `<div style="white-space:pre-wrap">${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</div>`;
