/** `zklab bench knee`: how much an ensemble takes, and its latencies at parts of that. */
import type { EventSink } from '../../results/events.ts';
import type { ExitCode } from '../../results/verdicts.ts';
import { DRIVER_LIMITS } from '../load/driver/driver-monitor.ts';
import type { LoadMode, LoadResult } from '../load/load-spec.ts';
import { outputColumns, type Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { atRate, judgeWindow, LADDER_SHARES, LOWEST_PER_SECOND, windowMsOf } from './knee.ts';
import { type KneeFindings, kneeSentence, kneeText } from './knee-text.ts';
import { loadMeasurements, single } from './load-result.ts';
import { type RateSearchResult, searchRate, sweepDepths } from './rate-search.ts';
import {
  commandLineOf,
  runWorkloadCommand,
  type WorkloadAnswer,
  type WorkloadOptions,
} from './workload-command.ts';
import type { PreparedRun } from './workload-run.ts';

export interface BenchKneeOptions extends WorkloadOptions {
  /** Bound of the response time. Undefined: the ensemble need only keep up. */
  readonly p99MsMax: number | undefined;
  /** Length of each window; longer where the rate is too low for a p99. */
  readonly windowMs: number;
}

const DEPTH_MAX = 256;
const SEARCH = { highestPerSecond: 1_000_000, toleranceShare: 0.05, windowsMax: 30 } as const;
const NOT_LOOKED_FOR: RateSearchResult = { end: 'void', passed: undefined, failed: undefined, windows: [] };
const LIMITS = [
  'The knee holds for this workload, these sessions and this machine, on which driver and members compete for cores.',
  'A rate passes by two windows of at most three, so a search has no interval.',
];

/**
 * The exit code is 1 when no rate passes, 3 when the driver was the limit.
 * @throws as `runWorkloadCommand`
 */
export function benchKnee(terminal: Terminal, options: BenchKneeOptions): Promise<ExitCode> {
  const { p99MsMax, windowMs } = options;
  const bound = p99MsMax === undefined ? '' : ` --max-p99 ${p99MsMax}ms`;
  return runWorkloadCommand(terminal, options, ({ name, replay }) => {
    if (replay !== undefined)
      throw new UsageError(
        `workload ${name}: it replays a recording, which has its own rate; accepted is one with operations`,
      );
    return {
      name: 'knee',
      commandLine: `${commandLineOf('knee', options)} --window ${windowMs}ms${bound}`,
      measure: async (prepared, plan, events) => {
        const findings = await findKnee(prepared, plan.mode, options, events);
        return answerOf(findings, prepared.ensemble.row.name, options);
      },
    };
  });
}

async function findKnee(
  { drivers, ensemble, specOf }: PreparedRun,
  mode: LoadMode,
  { warmupMs, windowMs, p99MsMax, signal }: BenchKneeOptions,
  events: EventSink,
): Promise<KneeFindings> {
  let windows = 0;
  const window = async (what: string, durationMs: number, windowMode: LoadMode): Promise<LoadResult> => {
    events.emit({ kind: 'phase', what });
    const load = await drivers.run(specOf({ warmupMs, durationMs }, windowMode), signal);
    signal.throwIfAborted();
    // A search that is ended early has no result, and its windows are kept as events.
    const place = { topology: ensemble.row.name, condition: what, round: windows++ };
    events.emit({ kind: 'sample', metric: 'operations per second', ...place, value: load.okPerSecond });
    return load;
  };
  signal.throwIfAborted();
  const sweep = await sweepDepths(async depth => {
    const { okPerSecond, driver } = await window(`depth ${depth}`, windowMs, { kind: 'closed', depth });
    // At saturation the driver waits for a core like everybody else, so only its own CPU counts.
    return { depth, okPerSecond, isVoid: driver.cores > DRIVER_LIMITS.cores };
  }, DEPTH_MAX);
  const why: string[] = [];
  const atRatePerSecond = (ratePerSecond: number) =>
    window(
      `${Math.round(ratePerSecond)} requests per second`,
      windowMsOf(ratePerSecond, windowMs),
      atRate(mode, ratePerSecond),
    );
  const start = Math.max(0, ...sweep.points.map(({ okPerSecond }) => okPerSecond));
  const search =
    start === 0
      ? NOT_LOOKED_FOR
      : await searchRate(
          async ratePerSecond => {
            const judged = judgeWindow(await atRatePerSecond(ratePerSecond), p99MsMax);
            why.push(judged.why);
            return judged.verdict;
          },
          { ...SEARCH, startPerSecond: start, lowestPerSecond: LOWEST_PER_SECOND },
        );
  const ladder: { share: number; load: LoadResult }[] = [];
  if (search.passed !== undefined)
    for (const share of LADDER_SHARES)
      ladder.push({ share, load: await atRatePerSecond(search.passed * share) });
  return { sweep, p99MsMax, search, why, ladder };
}

function answerOf(findings: KneeFindings, topology: string, options: BenchKneeOptions): WorkloadAnswer {
  const { search, sweep, ladder, p99MsMax } = findings;
  const place = { topology, condition: 'at the knee' };
  const metric = p99MsMax === undefined ? 'highest rate' : `highest rate, p99 at most ${p99MsMax} ms`;
  const isVoid = search.end === 'void';
  return {
    measurements: [
      ...(sweep.knee === undefined
        ? []
        : [single(place, 'closed-loop throughput', 'operations/s', sweep.knee.okPerSecond)]),
      ...(search.passed === undefined ? [] : [single(place, metric, 'operations/s', search.passed)]),
      ...ladder.flatMap(({ share, load }) =>
        loadMeasurements(load, topology, `at ${share * 100} % of the knee`),
      ),
    ],
    voidReasons: isVoid ? [kneeSentence(findings)] : [],
    inputs: {
      windowMs: options.windowMs,
      warmupMs: options.warmupMs,
      p99MsMax: p99MsMax ?? null,
      sweep,
      search,
    },
    limits: LIMITS,
    text: kneeText(findings, outputColumns()),
    isFailed: search.passed === undefined && !isVoid,
  };
}
