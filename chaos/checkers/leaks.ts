import { studentQuantile } from '../../bench/stats/student.ts';
import type { Checker } from './checker.ts';
import { type Judgement, judge } from './judgement.ts';
import type { ResourceSample, Resources } from './run-record.ts';

export const leaks: Checker<'resources'> = {
  name: 'leaks',
  description: 'members whose memory, handles or logs grow by more per hour than is accepted',
  needs: ['resources'],
  isOptional: true,
  check: ({ resources }) => checkLeaks(resources),
};

/** Growth in the first part is warming up: caches fill, and code is compiled. */
const WARM_UP_SHARE = 0.25;
/** Means of that many parts of the time are the sample, because neighbouring readings are not independent. */
const PARTS = 12;
/** Probability beyond one end of the interval. */
const TAIL = 0.005;
const MS_PER_HOUR = 3_600_000;
const MIB = 1024 * 1024;
/** The memory that a znode takes in a server, at most. */
const ZNODE_BYTES = 2 * 1024;

/**
 * For servers whose logs are not purged: data on disk grow with every write, and are limited only so that a
 * runaway is seen.
 * @param znodes of the tree at the end, which may all have come meanwhile
 */
export function leakLimits(
  samples: readonly ResourceSample[],
  znodes: number,
): Pick<Resources, 'limitsPerHour' | 'lifeMinMs'> {
  const times = [samples[0]?.timeMs ?? 0, samples.at(-1)?.timeMs ?? 0] as const;
  const hours = Math.max((times[1] - times[0]) / MS_PER_HOUR, LIFE_MIN_MS / MS_PER_HOUR);
  const rssBytes = RSS_PER_HOUR + (znodes * ZNODE_BYTES) / hours;
  return {
    limitsPerHour: { rssBytes, handles: HANDLES_PER_HOUR, logBytes: DISK_PER_HOUR },
    lifeMinMs: LIFE_MIN_MS,
  };
}

const RSS_PER_HOUR = 64 * MIB;
const HANDLES_PER_HOUR = 10;
const DISK_PER_HOUR = 32 * 1024 * MIB;
const LIFE_MIN_MS = 20 * 60_000;

export type ResourceKind = 'rssBytes' | 'handles' | 'logBytes';

export interface Growth {
  readonly member: string;
  readonly kind: ResourceKind;
  readonly perHour: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The soak verdict: growth per hour of each process, as the slope of a line with its interval. Growth that is
 * certainly above its limit is a leak. An interval that is wider than the limit itself says nothing: such
 * readings are only named. Where a narrower one reaches beyond the limit, nothing contradicts and nothing is
 * shown.
 */
export function checkLeaks({ samples, limitsPerHour, lifeMinMs }: Resources): Judgement {
  const growths = growthsOf(samples, lifeMinMs);
  const limitOf = ({ kind }: Growth) => limitsPerHour[kind];
  const over = growths.filter(growth => growth.low > limitOf(growth));
  const told = growths.filter(growth => (growth.high - growth.low) / 2 <= limitOf(growth));
  const unclear = told.filter(growth => growth.low <= limitOf(growth) && growth.high > limitOf(growth));
  const limitText = (growth: Growth) => amount(growth.kind, limitOf(growth));
  const checked = new Set([...over, ...told]).size;
  const wrong = over.map(growth => `${growthText(growth)}; at most ${limitText(growth)} are accepted`);
  const judgement = { ...judge(leaks.name, checked, wrong), notes: told.map(growthText).slice(0, NOTES_MAX) };
  if (over.length > 0 || unclear.length === 0) return judgement;
  return {
    ...judgement,
    valid: 'unknown',
    reasons: unclear.map(growth => `${growthText(growth)}: ${limitText(growth)} cannot be ruled out`),
  };
}

const NOTES_MAX = 40;

/** Of each process that was there for long enough; a restart begins a new one. */
export function growthsOf(samples: readonly ResourceSample[], lifeMinMs: number): Growth[] {
  const byProcess = new Map<string, ResourceSample[]>();
  for (const sample of samples) {
    const key = `${sample.member} ${sample.pid}`;
    const known = byProcess.get(key);
    if (known === undefined) byProcess.set(key, [sample]);
    else known.push(sample);
  }
  return [...byProcess.values()].flatMap(ofProcess => {
    const [first] = ofProcess;
    const last = ofProcess.at(-1);
    if (first === undefined || last === undefined || last.timeMs - first.timeMs < lifeMinMs) return [];
    const fromMs = first.timeMs + (last.timeMs - first.timeMs) * WARM_UP_SHARE;
    return (['rssBytes', 'handles', 'logBytes'] as const).flatMap(kind => {
      const points = meansOf(ofProcess, kind, fromMs, last.timeMs);
      return points.length < PARTS ? [] : [{ member: first.member, kind, ...slopeOf(points) }];
    });
  });
}

interface Point {
  readonly hours: number;
  readonly value: number;
}

function meansOf(
  samples: readonly ResourceSample[],
  kind: ResourceKind,
  fromMs: number,
  untilMs: number,
): Point[] {
  const parts = Array.from({ length: PARTS }, (): { sum: number; timeMs: number; count: number } => ({
    ...{ sum: 0, timeMs: 0, count: 0 },
  }));
  const widthMs = (untilMs - fromMs) / PARTS;
  for (const sample of samples) {
    const part = parts[Math.min(PARTS - 1, Math.floor((sample.timeMs - fromMs) / widthMs))];
    if (part === undefined || sample.timeMs < fromMs) continue;
    part.sum += sample[kind];
    part.timeMs += sample.timeMs;
    part.count++;
  }
  return parts
    .filter(({ count }) => count > 0)
    .map(({ sum, timeMs, count }) => ({ hours: timeMs / count / MS_PER_HOUR, value: sum / count }));
}

/** Least squares, with Student's interval of the slope. */
function slopeOf(points: readonly Point[]): Pick<Growth, 'perHour' | 'low' | 'high'> {
  const mean = (of: (point: Point) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [atHours, atValue] = [mean(({ hours }) => hours), mean(({ value }) => value)];
  const spread = points.reduce((sum, { hours }) => sum + (hours - atHours) ** 2, 0);
  const perHour =
    points.reduce((sum, { hours, value }) => sum + (hours - atHours) * (value - atValue), 0) / spread;
  const residual = points.reduce(
    (sum, { hours, value }) => sum + (value - atValue - perHour * (hours - atHours)) ** 2,
    0,
  );
  const freedom = points.length - 2;
  const error = Math.sqrt(residual / freedom / spread) * studentQuantile(1 - TAIL, freedom);
  return { perHour, low: perHour - error, high: perHour + error };
}

function amount(kind: ResourceKind, value: number): string {
  return kind === 'handles'
    ? `${value.toFixed(1)} handles per hour`
    : `${(value / MIB).toFixed(1)} MiB per hour`;
}

const WHAT: Readonly<Record<ResourceKind, string>> = {
  rssBytes: 'memory',
  handles: 'handles',
  logBytes: 'data on disk',
};

function growthText({ member, kind, perHour, low, high }: Growth): string {
  return `${member}: ${WHAT[kind]} grows by ${amount(kind, perHour)} (99 %: ${amount(kind, low)} to ${amount(kind, high)})`;
}
