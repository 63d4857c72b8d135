import { useRef, useState } from 'react';
import type { Shell } from '../calls/scene.ts';

const nothing = () => undefined;
const noShell: Shell = {
  openMessage: nothing,
  newMessage: nothing,
  reply: nothing,
  openWindow: nothing,
  closeForm: nothing,
  mailboxChanged: nothing,
};

/** A shell for those who are made once: what it does is what the screen of the moment, set at every rendering, does. */
export function useShell() {
  const current = useRef(noShell);
  const [shell] = useState<Shell>(() => ({
    openMessage: (id) => current.current.openMessage(id),
    newMessage: (form) => current.current.newMessage(form),
    reply: (item, form) => current.current.reply(item, form),
    openWindow: (url) => current.current.openWindow(url),
    closeForm: (draft) => current.current.closeForm(draft),
    mailboxChanged: () => current.current.mailboxChanged(),
  }));
  return { shell, screen: current };
}
