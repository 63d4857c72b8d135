import * as v from 'valibot';
import { LIMITS } from '../notifications.ts';
import type { Notification, NotificationType } from '../notifications.ts';
import { call, CODE, done, failed } from '../protocol/dispatch.ts';
import type { Call } from '../protocol/dispatch.ts';
import { WrongItem } from './scene.ts';
import type { Scene } from './scene.ts';

/** The wire counts what the API spells. */
const types: readonly NotificationType[] = [
  'informationalMessage',
  'progressIndicator',
  'errorMessage',
  'insightMessage',
];

const bar = v.pipe(
  v.object({
    key: v.pipe(v.string(), v.minLength(1), v.maxLength(LIMITS.key)),
    type: v.picklist([0, 1, 2, 3]),
    message: v.pipe(v.string(), v.maxLength(LIMITS.message)),
    persistent: v.optional(v.nullable(v.boolean()), false),
  }),
  v.transform(({ key, type, message, persistent }): Notification => ({
    key,
    type: types[type] ?? 'informationalMessage',
    message,
    persistent: persistent ?? false,
  })),
);

export const notificationCalls: readonly Call<Scene>[] = [
  call(33, 'notificationMessages.addAsync', 'ReadItem', bar, (added, scene: Scene) => add(added, scene)),
  call(34, 'notificationMessages.getAllAsync', 'ReadItem', v.unknown(), (_, scene: Scene) =>
    done(scene.notifications.of(keyOf(scene))),
  ),
  // Replacing what is not there adds it.
  call(35, 'notificationMessages.replaceAsync', 'ReadItem', bar, (replacement, scene: Scene) => {
    if (!scene.notifications.has(keyOf(scene), replacement.key)) return add(replacement, scene);
    scene.notifications.replace(keyOf(scene), replacement);
    return done();
  }),
  call(36, 'notificationMessages.removeAsync', 'ReadItem', v.object({ key: v.string() }), ({ key }, scene: Scene) => {
    if (!scene.notifications.has(keyOf(scene), key)) return failed(CODE.notificationMissing);
    scene.notifications.remove(keyOf(scene), key);
    return done();
  }),
];

function add(added: Notification, scene: Scene) {
  const { notifications } = scene;
  if (notifications.has(keyOf(scene), added.key)) return failed(CODE.duplicateNotification);
  if (notifications.isFull(keyOf(scene))) return failed(CODE.tooManyNotifications);
  notifications.add(keyOf(scene), added);
  return done();
}

function keyOf(scene: Scene): string {
  if (!scene.item) throw new WrongItem('Nothing is selected.');
  return scene.item.key;
}
