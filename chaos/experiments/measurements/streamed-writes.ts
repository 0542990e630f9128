/** What single writes at the leader cost, while the observers feed a commit stream. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadDriver } from '../../../bench/load/load-process.ts';
import type { Recorder } from '../../../bench/measure/recorder.ts';
import { mntr } from '../../../bench/topology/four-letter.ts';
import type { Member } from '../../../bench/topology/member.ts';
import { CONDITIONS } from '../../../results/names.ts';
import type { Stage } from '../stage.ts';
import { countedLoad } from './counted-load.ts';
import { levelZxid } from './link-counts.ts';
import { type WriteLoad, workloadOf } from './throughput.ts';

export interface StreamedContext {
  readonly stage: Stage;
  readonly recorder: Recorder;
  readonly driver: LoadDriver;
  readonly write: Pick<WriteLoad, 'load' | 'seed'>;
  readonly windowMs: number;
}

/** For a stream to have what its observer has. */
const CAUGHT_UP_MAX_MS = 30_000;
const POLL_MS = 50;

/** @throws LoadError; Error when the members or the streams do not become level */
export async function countStreamedWrites(context: StreamedContext): Promise<void> {
  const { stage, recorder, driver, write, windowMs } = context;
  const assignment = await stage.assignRoles();
  const { leader, observers } = assignment;
  const { members } = stage.ensemble;
  const zxid = await levelZxid(members, leader);
  const before = await Promise.all(observers.map(streamedBy));
  const { load, counts, uncounted } = await countedLoad(stage, assignment, driver, {
    targets: [{ name: leader.name, ...leader.plan.ports.client }],
    sessionsPerTarget: 1,
    workload: workloadOf(write),
    mode: { kind: 'closed', depth: 1 },
    warmupMs: 0,
    durationMs: windowMs,
  });
  const place = { metric: 'countedOperations', topology: stage.name, condition: CONDITIONS.singleAtLeader };
  if (load.totals.ok === 0) return recorder.voided(place, 0, 'no operation succeeded');
  const transactions = Number((await levelZxid(members, leader)) - zxid);
  const after = await Promise.all(observers.map(streamedBy));
  const streamed = after.flatMap((count, at) => (count === undefined ? [] : [count - before[at]!]));
  recorder.sample(place, 0, load.totals.ok, 0);
  recorder.counts(place, {
    ...counts,
    ...(streamed.length > 0 && { streamedPerWrite: Math.min(...streamed) / transactions }),
  });
  if (uncounted !== undefined) recorder.warned(place, 0, uncounted);
}

/** The transactions that an observer's stream has sent, once it is idle; undefined without a stream. */
async function streamedBy({ name, plan }: Member): Promise<number | undefined> {
  const giveUpAt = performance.now() + CAUGHT_UP_MAX_MS;
  for (;;) {
    const { numbers, texts } = await mntr(plan.ports.client);
    const phase = texts.get('commit_stream_phase');
    if (phase === undefined) return undefined;
    if (phase === 'idle') return numbers.get('commit_stream_transactions');
    if (performance.now() > giveUpAt)
      throw new Error(`the commit stream of ${name} is still ${phase} after ${CAUGHT_UP_MAX_MS} ms`);
    await sleep(POLL_MS);
  }
}
