/**
 * How far learners are behind the leader while it commits writes: the time from the moment at which a client
 * of the leader knows of a write until a client of the learner hears of it, and the transactions that a read
 * at the learner lacks.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ZkClient } from '../../../bench/load/client/client.ts';
import { saturation } from '../../../bench/load/driver/driver-monitor.ts';
import type { LoadDriver } from '../../../bench/load/load-process.ts';
import { ENDED_EARLY, type LoadResult } from '../../../bench/load/load-spec.ts';
import { latencyVoidReasons } from '../../../bench/load/load-validity.ts';
import type { Recorder } from '../../../bench/measure/recorder.ts';
import { middleOf } from '../../../bench/stats/summary.ts';
import type { Member } from '../../../bench/topology/member.ts';
import { CONDITIONS } from '../../../results/names.ts';
import type { Stage } from '../stage.ts';
import { type WriteLoad, workloadOf } from './throughput.ts';

export interface StalenessContext {
  readonly stage: Stage;
  readonly round: number;
  readonly start: number;
  readonly recorder: Recorder;
  readonly driver: LoadDriver;
  readonly write: Pick<WriteLoad, 'load' | 'seed'>;
  readonly signal: AbortSignal;
}

export interface StalenessOptions {
  /** That the leader commits meanwhile. */
  readonly writesPerSecond: number;
  /** Writes that are followed to a learner. */
  readonly samples: number;
}

const NODE = '/staleness';
/** Between two samples, so that they do not follow one batch. */
const PAUSE_MS = 5;
/** If a learner shows a write later than this, it is too late for any claim. */
const SEEN_MAX_MS = 5_000;
/** The load outlasts the samples, and is ended when they are done. */
const LOAD_MAX_MS = 600_000;

/** @throws LoadError when the writes beside it could not be run */
export async function measureStaleness(
  { stage, round, start, recorder, driver, write, signal }: StalenessContext,
  { writesPerSecond, samples }: StalenessOptions,
): Promise<void> {
  const { leader, keptFollower, observers } = await stage.assignRoles();
  const learners = [
    { condition: CONDITIONS.seenAtFollower, member: keptFollower },
    { condition: CONDITIONS.seenAtObserver, member: observers[0] },
  ].flatMap(({ condition, member }) => (member === undefined ? [] : [{ condition, member }]));
  const load = driver.run({
    targets: [{ name: leader.name, ...leader.plan.ports.client }],
    sessionsPerTarget: write.load.sessionsPerTarget,
    workload: workloadOf(write),
    mode: { kind: 'open', ratePerSecond: writesPerSecond, arrivals: 'poisson' },
    warmupMs: 0,
    durationMs: LOAD_MAX_MS,
  });
  let failed = false;
  load.catch(() => {
    failed = true;
  });
  const clients: ZkClient[] = [];
  const open = async (member: Member): Promise<ZkClient> => {
    const client = await ZkClient.connect(member.ownAddress, { timeoutMs: 10_000 });
    clients.push(client);
    return client;
  };
  const seen = learners.map(({ condition }) => ({ condition, ms: [] as number[], zxids: [] as number[] }));
  try {
    const writer = await open(leader);
    if ((await writer.exists(NODE)) === null) await writer.create(NODE);
    const readers = await Promise.all(learners.map(({ member }) => open(member)));
    await Promise.all(readers.map(reader => reader.sync(NODE)));
    for (let sample = 0; sample < samples && !failed && !signal.aborted; sample++) {
      const delays = await followOne(writer, readers);
      const missed = delays.indexOf(Number.POSITIVE_INFINITY);
      if (missed >= 0) {
        // This is a counter-example and not a void: the learner took at least so long, whatever it showed
        // before.
        seen[missed]!.ms = [SEEN_MAX_MS];
        seen[missed]!.zxids.push(await zxidsBehind(readers[missed]!, writer));
        break;
      }
      for (const [index, reader] of readers.entries()) {
        seen[index]!.ms.push(delays[index]!);
        seen[index]!.zxids.push(await zxidsBehind(reader, writer));
      }
      await sleep(PAUSE_MS);
    }
  } finally {
    driver.abort();
    await Promise.allSettled([load, ...clients.map(client => client.close())]);
  }
  const reasons = voidReasonsOf(await load);
  for (const { condition, ms, zxids } of seen) {
    if (ms.length === 0) continue;
    const values = {
      stalenessMs: middleOf(ms.sort((a, b) => a - b)),
      zxidsBehind: zxids.reduce((sum, each) => sum + each, 0) / zxids.length,
      zxidsBehindMax: Math.max(...zxids),
    };
    for (const [metric, value] of Object.entries(values)) {
      const place = { metric, topology: stage.name, condition };
      if (reasons.length > 0) recorder.voided(place, round, reasons.join('; '));
      else recorder.sample(place, round, value, start);
    }
  }
}

/**
 * Why the learners were not behind a steady rate of writes: a leader that commits nothing leaves nobody
 * behind. That the load was ended with the samples is as intended.
 */
export function voidReasonsOf(load: LoadResult): string[] {
  const reasons = [
    ...saturation(load.driver),
    ...latencyVoidReasons(load, 'median', true),
    ...(load.totals.ok === 0 ? ['the leader committed nothing meanwhile'] : []),
  ];
  return [...new Set(reasons)].filter(reason => reason !== ENDED_EARLY);
}

type Writer = Pick<ZkClient, 'setData'>;
type Reader = Pick<ZkClient, 'exists' | 'nextWatch'>;

/**
 * Ms from the answer to a write at the leader until each reader heard of it; negative if it heard before, and
 * Infinity if it did not within `maxMs`.
 */
export async function followOne(
  writer: Writer,
  readers: readonly Reader[],
  maxMs = SEEN_MAX_MS,
): Promise<number[]> {
  await Promise.all(readers.map(reader => reader.exists(NODE, true)));
  const heard = readers.map(reader =>
    reader.nextWatch({ path: NODE }, maxMs).then(
      () => performance.now(),
      () => Number.POSITIVE_INFINITY,
    ),
  );
  const [knownAt, ...heardAt] = await Promise.all([
    writer.setData(NODE, '').then(() => performance.now()),
    ...heard,
  ]);
  return heardAt.map(at => at - knownAt!);
}

/**
 * An upper bound: the leader is asked after the learner has answered, so what it committed meanwhile counts
 * as missing too.
 */
async function zxidsBehind(reader: ZkClient, writer: ZkClient): Promise<number> {
  await reader.exists(NODE);
  const { lastZxid } = reader;
  await writer.exists(NODE);
  return writer.lastZxid - lastZxid;
}
