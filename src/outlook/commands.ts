interface CommandEvent {
  completed(): void;
}

/**
 * Gives a name of manifest.xml its function. The host is always told when it is over: a command that never says so keeps its
 * hidden frame for minutes and ends in an error bar.
 */
export function onCommand(name: string, run: () => Promise<void>): void {
  Office.actions.associate(name, (event: CommandEvent) => {
    void run()
      .catch(() => undefined)
      .finally(() => event.completed());
  });
}
