const MINUTE = 60_000;
const SINCE_1972 = Date.UTC(1972, 0, 1);
/** Quarters of an hour that one zone remembers. */
const MOST_KNOWN = 10_000;

/**
 * A clock on the wall. What it shows is carried as a Date whose UTC fields are the local ones, so that one calendar serves all
 * zones; it is a moment again only after `momentOf`.
 */
export interface Zone {
  /** In the IANA time zone database. */
  name: string;
  wallOf(moment: Date): Date;
  /** Of two moments with the same wall time, the first; of a wall time that is skipped, one beside the gap. */
  momentOf(wall: Date): Date;
}

export const utc: Zone = { name: 'UTC', wallOf: (moment) => moment, momentOf: (wall) => wall };

const zones = new Map<string, Zone>([['UTC', utc]]);

/** @param name of the IANA time zone database, one of those in time-zone-codes.ts */
export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    era: 'short',
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  const zone = createZone(name, format);
  zones.set(name, zone);
  return zone;
}

function createZone(name: string, format: Intl.DateTimeFormat): Zone {
  /** Milliseconds that the wall is ahead. */
  const measure = (time: number): number => {
    const whole = Math.floor(time / 1000) * 1000;
    const parts = new Map(format.formatToParts(whole).map(({ type, value }) => [type, value]));
    const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
    const year = parts.get('era') === 'BC' ? 1 - part('year') : part('year');
    const wall = new Date(0);
    wall.setUTCFullYear(year, part('month') - 1, part('day'));
    wall.setUTCHours(part('hour'), part('minute'), part('second'));
    return wall.getTime() - whole;
  };
  const known = new Map<number, number>();
  const aheadAt = (time: number): number => {
    // Since 1972 clocks are ahead by whole quarters of an hour and changed at one: what one moment of it shows, all of it does.
    const quarter = Math.floor(time / (15 * MINUTE));
    if (time < SINCE_1972) return measure(time);
    const ahead = known.get(quarter) ?? measure(time);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(quarter, ahead);
    return ahead;
  };
  return {
    name,
    wallOf: (moment) => new Date(moment.getTime() + aheadAt(moment.getTime())),
    momentOf(wall) {
      const local = wall.getTime();
      const ahead = Math.max(aheadAt(local - 24 * 60 * MINUTE), aheadAt(local + 24 * 60 * MINUTE));
      // The larger lead gives the earlier moment; it holds unless the clock was already, or not yet, changed.
      const early = local - ahead;
      return new Date(aheadAt(early) === ahead ? early : local - aheadAt(early));
    },
  };
}

/** `2026-03-30`: the day of a stored moment on the clock of a zone. */
export function dayIn(stored: string, zone: string): string | null {
  const moment = new Date(stored);
  return Number.isNaN(moment.getTime()) ? null : zoneOf(zone).wallOf(moment).toISOString().slice(0, 10);
}
