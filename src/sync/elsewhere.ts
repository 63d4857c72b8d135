/**
 * A word between the programs of one browser: a ribbon command tells the pane that something became of a mail. A courtesy:
 * where the browser keeps them apart, the pane finds out when it is looked at again.
 */
const channelName = 'alongside.elsewhere';

export function tellElsewhere(): void {
  if (!('BroadcastChannel' in globalThis)) return;
  const channel = new BroadcastChannel(channelName);
  channel.postMessage(null);
  channel.close();
}

export function hearElsewhere(listener: () => void): void {
  if (!('BroadcastChannel' in globalThis)) return;
  new BroadcastChannel(channelName).addEventListener('message', listener);
}
