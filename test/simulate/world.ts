import type { Database } from '../../src/server/db/open.ts';
import { createClock, installTimers, start, type Clock } from './clock.ts';
import { createCrm, type Crm } from './crm.ts';
import { answerWebApi } from './crm-api.ts';
import { empty } from './database.ts';
import { createDevice, type Device } from './device.ts';
import { createLeaseWatch, type LeaseWatch } from './lease-watch.ts';
import { createNetwork, type Network } from './network.ts';
import { openPane, type Pane } from './pane.ts';
import { createPeerWatch } from './peer-watch.ts';
import { crmOrigin, dana, miguel, regardingChoices } from './places.ts';
import { startProgram, type Program } from './program.ts';
import { randomFor } from './random.ts';
import { panes, servers, type PaneName, type Scenario, type ServerName } from './scenario.ts';
import { authorOf, startDaemon, startWeb, type ServerWorld } from './server.ts';
import { createStory, type Story } from './story.ts';
import { createWeather, type Weather } from './weather.ts';

/** Everything there is in one run: programs over their machines, all on one clock. */
export interface World {
  readonly clock: Clock;
  readonly crm: Crm;
  readonly story: Story;
  readonly weather: Weather;
  readonly network: Network;
  readonly database: Database;
  readonly devices: readonly Device[];
  readonly leases: LeaseWatch;
  /** What a pane said and another one of the same browser did not. */
  readonly untold: readonly string[];
  /** Errors that the product reported, or that nobody caught. */
  readonly errors: { readonly who: string; readonly error: unknown }[];
  /** Calls so far, by the program's name. */
  readonly calls: ReadonlyMap<string, number>;
  /** Changes that somebody asked to take back. */
  readonly undone: Set<string>;
  /** The pane that is open under this name; null while it is closed. */
  pane(name: PaneName): Pane | null;
  program(name: PaneName | ServerName): Program | null;
  /** Starts it, or starts it again, unless it runs. */
  start(name: PaneName | ServerName): Promise<void>;
  deviceOf(name: PaneName): Device;
  close(): void;
}

export async function createWorld(scenario: Scenario, database: Database): Promise<World> {
  const { seed } = scenario;
  const clock = createClock(randomFor(seed, 'order'));
  const restoreTimers = installTimers(clock);
  const story = createStory(clock.now);
  const weather = createWeather(scenario, () => clock.now() - start, story.tell);
  const crm = createCrm(clock.now, regardingChoices);
  const errors: World['errors'] = [];
  const report = (who: string, error: unknown) => {
    errors.push({ who, error });
    story.tell(who, `reports ${String(error)}`);
  };
  const randoms = new Map<string, ReturnType<typeof randomFor>>();
  const randomOf = (name: string) => {
    const random = randoms.get(name) ?? randomFor(seed, name);
    randoms.set(name, random);
    return random;
  };
  const network = createNetwork({ clock, randomOf, troubleOf: weather.troubleOf, tell: story.tell });
  network.serve(crmOrigin, { program: null, answer: async (request) => answerWebApi(crm, request, authorOf(request)) });
  const leases = createLeaseWatch();
  await empty(database);

  const hers = createDevice("Dana's machine", 'alongside.dana', scenario.webLocks, clock.now);
  const his = createDevice("Miguel's machine", 'alongside.miguel', true, clock.now);
  const deviceOf = (name: PaneName) => (name === "Miguel's pane" ? his : hers);
  const running = new Map<string, Program>();
  const open = new Map<string, Pane>();
  const counts = new Map<string, number>();
  const peers = createPeerWatch(clock, (of) =>
    of === "Miguel's pane" ? [] : panes.slice(0, 2).flatMap((name) => open.get(name) ?? []),
  );
  const serverRandom = randomOf('daemons');
  const serverWorld: ServerWorld = {
    network,
    shared: database,
    clock,
    random: () => serverRandom.int(2 ** 30) / 2 ** 30,
    report,
    watch: leases.watch,
  };

  const startNamed = async (name: PaneName | ServerName): Promise<void> => {
    if (running.get(name)?.alive === true) return;
    const options = { clock, random: randomOf(name), fates: weather.fates, skew: weather.skewOf(name), counts };
    const program = startProgram(name, options);
    running.set(name, program);
    story.tell(name, 'starts');
    program.onKill(() => {
      open.delete(name);
      // A ribbon command is started by the next click on it.
      if (name !== "Dana's ribbon") clock.after(weather.backOf(name), () => void begin(name));
    });
    if (name === 'the web server') return startWeb(program, serverWorld);
    if (name === 'daemon 1' || name === 'daemon 2') return startDaemon(program, serverWorld);
    const pane = await openPane({
      clock,
      program,
      person: name === "Miguel's pane" ? miguel : dana,
      device: deviceOf(name),
      network,
      random: randomOf(`${name}, ids`),
      followEvents: name !== "Dana's ribbon",
      report,
      show: ({ name: who }, status) => {
        story.show(who, status);
        if (status.state === 'done') peers.watch(who as PaneName, status.id);
      },
    });
    if (program.alive) open.set(name, pane);
  };

  /** A program that cannot even start, because its store or its database fails, stays as it is until somebody closes it. */
  const begin = (name: PaneName | ServerName): Promise<void> =>
    startNamed(name).catch((error: unknown) => report(name, error));

  return {
    clock,
    crm,
    story,
    weather,
    network,
    database,
    devices: [hers, his],
    leases,
    untold: peers.violations,
    errors,
    calls: counts,
    undone: new Set(),
    pane: (name) => open.get(name) ?? null,
    program: (name) => running.get(name) ?? null,
    start: begin,
    deviceOf,
    close() {
      for (const name of [...panes, ...servers]) running.get(name)?.kill();
      restoreTimers();
    },
  };
}
