/**
 * Kills the leader and measures the time until a write commits again, until the first learner serves and
 * until the last one does.
 */
import type { Member } from '../../../bench/topology/member.ts';
import type { Sync } from '../../../results/schema.ts';
import { kill } from '../../faults/kill.ts';
import { firstWrite } from '../first-write.ts';
import { wayBackOf } from './server-log.ts';
import { type Served, whileWatching } from './serving-watch.ts';
import { type MeasurementContext, underFault } from './under-fault.ts';

export async function measureSync(context: MeasurementContext, everyMs: number): Promise<void> {
  const { stage, condition, round, recorder, recoverMaxMs, path, signal } = context;
  const { leader } = await stage.assignRoles();
  const others = stage.ensemble.members.filter(member => member !== leader);
  const voters = others.filter(({ plan }) => plan.role === 'participant');
  // The watches start before the kill, because they must see the old epoch to recognise the new one.
  const watch = { everyMs, maxMs: recoverMaxMs, signal };
  const { value, voidReasons } = await whileWatching(others, watch, watches =>
    underFault(
      context,
      'kill',
      () => kill({ target: { name: leader.name } }).inject(stage.processFaults),
      async active => {
        const wroteAt = await firstWrite(
          voters.map(({ plan }) => plan.ports.client),
          path,
          recoverMaxMs,
          signal,
        );
        const served = await Promise.all(watches);
        return { lostAt: active.startedAt, wroteAt, served };
      },
    ),
  );
  const { lostAt, wroteAt, served } = value;
  const learners = others.flatMap((member, index) => {
    const back = served[index];
    return back !== undefined && back.mode !== 'leader' ? [{ member, back }] : [];
  });
  const missing = served.filter(back => back === undefined).length;
  /** What did not happen in time counts as if it had happened at the end, which is the least that it took. */
  const record = (metric: string, at: number | undefined, late: string) => {
    const place = { metric, topology: stage.name, condition };
    if (voidReasons.length > 0) recorder.voided(place, round, voidReasons.join('; '));
    else recorder.sample(place, round, at === undefined ? recoverMaxMs : at - lostAt);
    if (at === undefined)
      recorder.warned(place, round, `${late} within ${recoverMaxMs} ms of the leader's loss`);
  };
  const times = learners.map(({ back }) => back.at);
  record('syncFirstWriteMs', wroteAt, 'no write committed');
  record('syncFirstLearnerMs', times.length === 0 ? undefined : Math.min(...times), 'no learner served');
  record(
    'syncLastLearnerMs',
    missing > 0 ? undefined : Math.max(...times),
    `${missing} members did not serve again`,
  );
  for (const { member, back } of learners) recorder.sync(syncOf(context, member, lostAt, back));
}

export function syncOf(
  { stage, condition, round }: MeasurementContext,
  member: Member,
  lostAt: number,
  back: Served,
): Sync {
  const found = wayBackOf(member.log.content(), lostAt, back.at);
  const master = stage.ensemble.members.find(({ plan }) => plan.ports.quorum.host === found?.masterHost);
  return {
    topology: stage.name,
    condition,
    round,
    learner: member.name,
    role: member.plan.role === 'observer' ? 'observer' : 'follower',
    ...(master && { syncedWith: master.name }),
    ...(found && { mode: found.mode }),
    marks: { ...found?.marks, servingMs: back.at - lostAt },
  };
}
