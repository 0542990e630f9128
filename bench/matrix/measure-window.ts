/** One window of one cell: throughput or latency, what the servers counted, and the CPU that they used. */
import { cpuOfLoad } from '../load/cpu-of-load.ts';
import type { LoadDriver } from '../load/load-process.ts';
import type { LoadResult } from '../load/load-spec.ts';
import { timelineOf } from '../load/load-timeline.ts';
import { closedLoopVoidReasons, latencyVoidReasons } from '../load/load-validity.ts';
import {
  type Counters,
  countedRoles,
  countedSince,
  exactCountsOf,
  readCounters,
  whyUncounted,
} from '../measure/exact-counts.ts';
import { LatencyHistogram } from '../measure/histograms.ts';
import type { Recorder } from '../measure/recorder.ts';
import { budgetShares, overBudget } from '../rounds/budget-proof.ts';
import type { Member } from '../topology/member.ts';
import type { LoadedCell } from './matrix-suite.ts';
import { isClosedLoop, operationsOf } from './matrix-workload.ts';
import type { RunningEnsemble } from './running-ensemble.ts';

export interface WindowOptions {
  readonly driver: LoadDriver;
  readonly recorder: Recorder;
  readonly seed: number;
  readonly settleMs: number;
  readonly windowMs: number;
}

export interface Moment {
  readonly round: number;
  /** Number of the fresh ensemble. */
  readonly start: number;
}

/** Records the window. @throws LoadError, EnsembleError */
export async function measureWindow(
  running: RunningEnsemble,
  cell: LoadedCell,
  moment: Moment,
  options: WindowOptions,
): Promise<void> {
  const { driver, recorder } = options;
  const { spec, leader } = await running.loadOf(cell, options);
  const shares = budgetShares(running.budgetsOf(leader), leader.host);
  const before = await readCounters(running.ensemble.members);
  const { load, cpuUsPerOperation } = await cpuOfLoad(running.ensemble, () => driver.run(spec));
  const used = shares();
  const window = new Window(recorder, cell, moment);
  // Reads keep the members busy that answer them, so the leader need not have used up its budget.
  const ofBudget = window.isClosed && cell.load.writes ? overBudget(used) : [];
  const ofLoad = window.isClosed ? closedLoopVoidReasons(load) : latencyVoidReasons(load, 'median', true);
  const reasons = [...ofBudget, ...ofLoad];
  if (cell.load.writes) window.operations('write', load, reasons);
  if (cell.load.reads) window.operations('read', load, reasons);
  window.timeline(load, reasons);
  window.record('serverCpuPerOperation', cpuUsPerOperation, reasons);
  window.record('leaderThrottled', percent(used.throttled), []);
  window.record('machineIdle', percent(used.idle), []);
  if (cell.load.writes && reasons.length === 0) await window.counts(running, leader, before, load);
}

/** A condition has a name in a result, even where only topologies differ. */
export function labelOf({ label }: Pick<LoadedCell, 'label'>): string {
  return label === '' ? 'healthy' : label;
}

/** Where the values of one window belong. */
class Window {
  readonly isClosed: boolean;
  readonly #recorder: Recorder;
  readonly #cell: LoadedCell;
  readonly #moment: Moment;

  constructor(recorder: Recorder, cell: LoadedCell, moment: Moment) {
    this.isClosed = isClosedLoop(cell.load);
    this.#recorder = recorder;
    this.#cell = cell;
    this.#moment = moment;
  }

  /** Returns whether the value counts. */
  record(metric: string, value: number | undefined, reasons: readonly string[]): boolean {
    const { round, start } = this.#moment;
    if (reasons.length > 0) this.#recorder.voided(this.#place(metric), round, reasons.join('; '));
    else if (value !== undefined) this.#recorder.sample(this.#place(metric), round, value, start);
    return reasons.length === 0;
  }

  /** Throughput of a closed loop, latency of an open one. */
  operations(kind: 'write' | 'read', load: LoadResult, reasons: readonly string[]): void {
    if (this.isClosed) {
      const perSecond = kind === 'write' ? load.writesPerSecond : load.readsPerSecond;
      this.record(`${kind}Throughput`, perSecond, reasons);
    } else this.#latency(kind, load, reasons);
  }

  /** Both over time. A load that reads and writes has one timeline, of all that it did. */
  timeline(load: LoadResult, reasons: readonly string[]): void {
    const { topology, load: of } = this.#cell;
    const what = of.writes && of.reads ? 'operations' : of.writes ? 'writes' : 'reads';
    const at = {
      ...({ topology, condition: labelOf(this.#cell), round: this.#moment.round, what } as const),
      load: `${of.name}, ${this.isClosed ? 'closed' : 'open'} loop`,
    };
    this.#recorder.timeline(timelineOf(at, load, [], reasons));
  }

  /** Messages, bytes and fsyncs for each committed write. */
  async counts(
    { ensemble: { members } }: RunningEnsemble,
    leader: Member,
    before: Counters,
    { totals }: LoadResult,
  ): Promise<void> {
    const names = members.map(({ name }) => name);
    const { deltas, isLevel } = await countedSince(before, members, leader.name, names);
    const place = this.#place(this.isClosed ? 'writeThroughput' : 'writeLatencyP50');
    const committed = deltas.get(leader.name)?.committed;
    const uncounted = whyUncounted(isLevel, committed, totals.writesOkWithWarmup);
    if (uncounted !== undefined) {
      this.#recorder.warned(place, this.#moment.round, uncounted);
      return;
    }
    const counts = exactCountsOf(deltas, countedRoles(members, leader));
    if (counts !== undefined) this.#recorder.counts(place, counts);
  }

  #latency(kind: 'write' | 'read', load: LoadResult, reasons: readonly string[]): void {
    const histogram = new LatencyHistogram();
    for (const { response } of operationsOf(load, kind)) histogram.merge(LatencyHistogram.decode(response));
    const { n, p50Us, p99Us } = histogram.percentiles();
    const tooFew = p50Us === undefined ? [`${n} answers are too few for a median`] : [];
    if (!this.record(`${kind}LatencyP50`, toMs(p50Us), [...reasons, ...tooFew])) return;
    this.#recorder.histogram(this.#place(`${kind}LatencyP50`), histogram);
    if (p99Us !== undefined)
      this.record(`${kind}LatencyP99`, toMs(p99Us), latencyVoidReasons(load, 'tail', true));
  }

  #place(metric: string) {
    return { metric, topology: this.#cell.topology, condition: labelOf(this.#cell) };
  }
}

function toMs(us: number | undefined): number | undefined {
  return us === undefined ? undefined : us / 1000;
}

function percent(share: number | undefined): number | undefined {
  return share === undefined ? undefined : share * 100;
}
