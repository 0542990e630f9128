/** Collects what a run measures, and converts it to the form of `result.json`. */

import { type EventSink, NO_EVENTS } from '../../results/events.ts';
import { METRICS, TOTALS } from '../../results/names.ts';
import type { Availability, Fault, Measurement, Result, Sync, Timeline } from '../../results/schema.ts';
import { VOID_ROUND } from '../claims/judging/evidence.ts';
import { COUNT_TOLERANCE } from '../claims/judging/protocol-counts.ts';
import { summaryOf } from '../stats/result-form.ts';
import { median, middleOf } from '../stats/summary.ts';
import { LatencyHistogram } from './histograms.ts';

interface Place {
  readonly metric: string;
  readonly topology: string;
  readonly condition: string;
}

interface Series extends Place {
  readonly samples: Map<number, { readonly value: number; readonly start: number | undefined }>;
  readonly warnings: string[];
  readonly histogram: LatencyHistogram;
  readonly counts: Map<string, number[]>;
}

/** Something that counts once its round is complete. */
interface Unfinished {
  record(): void;
  /** What it is a value of. If the cell is lost, the round is void there. */
  readonly sampleOf?: { readonly place: Place; readonly round: number };
  /** Kept even if the cell is lost: an injected fault, a reason why a round is void. */
  readonly isKept?: boolean;
}

/**
 * Rounds kept of one load of a topology under a condition. More would fill the result and show nothing new.
 */
const TIMELINE_ROUNDS_MAX = 24;

/**
 * What a round has measured counts once the round is complete. A partial round would be a round of some
 * topologies and not of others.
 */
export class Recorder {
  readonly #events: EventSink;
  readonly #series = new Map<string, Series>();
  readonly #availability: Availability[] = [];
  readonly #syncs: Sync[] = [];
  readonly #faults: Fault[] = [];
  readonly #timelines: Timeline[] = [];
  #unfinished: Unfinished[] = [];
  /** Remarks that a reader needs and no number shows. */
  readonly remarks: string[] = [];

  constructor(events: EventSink = NO_EVENTS) {
    this.#events = events;
  }

  /** @param start number of the fresh ensemble, where there are several; rounds count over all of them */
  sample(place: Place, round: number, value: number, start?: number): void {
    if (!Number.isFinite(value)) {
      this.voided(place, round, `the measured value is ${value}`);
      return;
    }
    this.#events.emit({ kind: 'sample', ...place, round, value });
    const record = () => this.#at(place).samples.set(round, { value, start });
    this.#unfinished.push({ record, sampleOf: { place, round } });
  }

  /** The round was measured, but proves nothing. */
  voided(place: Place, round: number, reason: string): void {
    this.#events.emit({ kind: 'sample', ...place, round, value: null, void: reason });
    const record = () => {
      const series = this.#at(place);
      series.samples.delete(round);
      series.warnings.push(`${VOID_ROUND} ${round + 1}: ${reason}`);
    };
    this.#unfinished.push({ record, isKept: true });
  }

  /** The present position, for `voidSince`. */
  mark(): number {
    return this.#unfinished.length;
  }

  /** What was recorded since `mark` does not count: its values are void, and the rest is left out. */
  voidSince(mark: number, reason: string): void {
    for (const each of this.#unfinished.splice(mark)) {
      if (each.isKept) this.#unfinished.push(each);
      else if (each.sampleOf !== undefined) this.voided(each.sampleOf.place, each.sampleOf.round, reason);
    }
  }

  /** A warning that a reader of the samples needs, and that voids none of them. */
  warned(place: Place, round: number, warning: string): void {
    this.#later(() => this.#at(place).warnings.push(`round ${round + 1}: ${warning}`));
  }

  timeline(timeline: Timeline | undefined): void {
    if (timeline === undefined) return;
    const { topology, condition, load } = timeline;
    this.#later(() => {
      const kept = this.#timelines.filter(
        each => each.topology === topology && each.condition === condition && each.load === load,
      );
      if (kept.length < TIMELINE_ROUNDS_MAX) this.#timelines.push(timeline);
    });
  }

  histogram(place: Place, histogram: LatencyHistogram): void {
    this.#later(() => this.#at(place).histogram.merge(histogram));
  }

  counts(place: Place, counts: Readonly<Record<string, number>>): void {
    this.#later(() => {
      const all = this.#at(place).counts;
      for (const [name, value] of Object.entries(counts)) all.set(name, [...(all.get(name) ?? []), value]);
    });
  }

  fault(fault: Fault): void {
    this.#unfinished.push({ record: () => this.#faults.push(fault), isKept: true });
  }

  sync(sync: Sync): void {
    this.#later(() => this.#syncs.push(sync));
  }

  availability(rows: readonly Availability[]): void {
    this.#later(() => this.#availability.push(...rows));
  }

  /** The round is complete: its measurements count. */
  keep(): void {
    for (const { record } of this.#unfinished.splice(0)) record();
  }

  /** The round was cut short: its measurements are dropped. */
  dropUnfinished(): void {
    this.#unfinished = [];
  }

  #later(record: () => void): void {
    this.#unfinished.push({ record });
  }

  #at(place: Place): Series {
    const { metric, topology, condition } = place;
    const key = idOf(place);
    let series = this.#series.get(key);
    if (series === undefined) {
      const histogram = new LatencyHistogram();
      series = {
        metric,
        topology,
        condition,
        samples: new Map(),
        warnings: [],
        histogram,
        counts: new Map(),
      };
      this.#series.set(key, series);
    }
    return series;
  }

  /** Includes what came since the last complete round, unless it was dropped. */
  measured(): Pick<Result, 'measurements' | 'availability' | 'syncs' | 'faults' | 'timelines'> {
    this.keep();
    return {
      measurements: [...this.#series.values()].map(measurementOf),
      availability: this.#availability,
      syncs: this.#syncs,
      faults: this.#faults,
      timelines: this.#timelines,
    };
  }
}

function idOf({ metric, topology, condition }: Place): string {
  return `${metric}/${topology}/${condition}`;
}

function measurementOf(series: Series): Measurement {
  const { metric, topology, condition, warnings, histogram, counts } = series;
  const known = METRICS.find(each => each.name === metric);
  const samples = [...series.samples]
    .sort(([a], [b]) => a - b)
    .map(([round, { value, start }]) => ({ round, value, ...(start !== undefined && { start }) }));
  return {
    id: idOf(series),
    metric,
    topology,
    condition,
    unit: known?.unit ?? '',
    higherIsBetter: known?.higherIsBetter ?? true,
    samples,
    summary: summaryOf(median(samples.map(({ value }) => value)), [...warnings, ...oddCounts(counts)]),
    ...(histogram.n > 0 && { histogram: { encoded: histogram.encode().base64, unit: 'us' as const } }),
    ...(counts.size > 0 && {
      exactCounts: Object.fromEntries([...counts].map(([name, values]) => [name, overRounds(name, values)])),
    }),
  };
}

/**
 * The protocol determines these counts, so no round may differ from the others. A median would hide one that
 * does.
 */
const SAME_IN_EVERY_ROUND = /MessagesPerWrite$|^acksToLeaderPerWrite$/;

function oddCounts(counts: ReadonlyMap<string, readonly number[]>): string[] {
  return [...counts].flatMap(([name, values]) => {
    if (!SAME_IN_EVERY_ROUND.test(name)) return [];
    const usual = overRounds(name, values);
    const odd = values.filter(value => Math.abs(value - usual) > usual * COUNT_TOLERANCE);
    return odd.length === 0
      ? []
      : [
          `${name} was ${odd.map(value => Number(value.toPrecision(3))).join(', ')} in ${odd.length} of ${values.length} rounds, and ${usual} in the median round`,
        ];
  });
}

/**
 * Totals are summed, because a median would hide a single message that should not exist. All other counts are
 * the same in every round, and have a median.
 */
function overRounds(name: string, values: readonly number[]): number {
  if (TOTALS.includes(name)) return values.reduce((sum, value) => sum + value, 0);
  return Math.round(middleOf([...values].sort((a, b) => a - b)) * 10_000) / 10_000;
}
