import { useRef, useState } from 'react';
import { runCommand } from '../command.ts';
import type { CommandOutcome } from '../command.ts';
import type { RibbonButton } from '../manifest.ts';
import type { OpenItem } from '../open-item.ts';
import type { Outlook } from '../outlook.ts';

const BAR = 'localOutlook.command';

/** Runs the ribbon's functions, one at a time, in a hidden frame; what does not end well is said above the mail. */
export function useCommand({ frames, notifications }: Outlook, functionFile: string | null, onEnd: () => void) {
  const [running, setRunning] = useState<string | null>(null);
  const container = useRef<HTMLDivElement>(null);

  function say(item: OpenItem, label: string, outcome: CommandOutcome): void {
    const message = `"${label}" did not finish: ${outcome}.`;
    notifications.remove(item.key, BAR);
    notifications.add(item.key, { key: BAR, type: 'errorMessage', message, persistent: false });
  }

  async function run(button: RibbonButton, item: OpenItem): Promise<void> {
    if (!container.current || functionFile === null || button.action.kind !== 'function') return;
    setRunning(button.id);
    const outcome = await runCommand({
      frames,
      container: container.current,
      url: functionFile,
      functionName: button.action.name,
      controlId: button.id,
      item,
    });
    setRunning(null);
    onEnd();
    if (outcome !== 'completed') say(item, button.label, outcome);
  }

  return { running, container, run };
}
