import { Double } from '../metrics/double.ts';
import { FULL_VERSION } from '../version.ts';
import type { ServerView } from './server-view.ts';

/** One name and value; the name without the `zk_` that `mntr` puts in front. */
export type MonitorLine = readonly [name: string, value: string | number | Double];

/**
 * What `mntr` and the `monitor` command show, in upstream's order and names. @see docs/operations.md
 * "Four-letter words"; docs/operations.md "Metrics"
 */
export function* monitorLines(view: ServerView): Generator<MonitorLine> {
  yield ['version', FULL_VERSION];
  yield ['server_state', view.active?.mode ?? 'looking'];
  if (view.peer !== null) yield ['peer_state', view.peer.peerState];
  const master = view.observerMasterId;
  if (master !== undefined) yield ['observer_master_id', master];
  const { guard, metrics } = view;
  for (const [name, read] of metrics.gauges) {
    const value = guard.run(`the metric ${name}`, read, undefined);
    if (value !== undefined) yield [name, value];
  }
  yield* leaderLines(view);
  for (const [name, counter] of metrics.counters) yield [name, counter.value];
  for (const [name, summary] of metrics.summaries) {
    yield [`avg_${name}`, new Double(summary.count === 0 ? 0 : summary.sum / summary.count)];
    yield [`min_${name}`, summary.count === 0 ? 0 : Math.round(summary.min)];
    yield [`max_${name}`, Math.round(summary.max)];
    yield [`cnt_${name}`, summary.count];
    yield [`sum_${name}`, Math.round(summary.sum)];
  }
  for (const [name, traffic] of metrics.traffic) {
    const key = `traffic_${name.replaceAll(' ', '_')}`;
    yield [`${key}_messages`, traffic.messages];
    yield [`${key}_bytes`, traffic.bytes];
  }
}

/** Lines that only members of an ensemble have. */
export function leaderLines(view: ServerView): MonitorLine[] {
  const learners = view.learners;
  const observers = learners.filter(learner => learner.isObserver && learner.synced);
  const leader = view.leader;
  const quorumSize: MonitorLine[] =
    view.peer === null ? [] : [['quorum_size', view.peer.membership.committed.verifier.voters.size]];
  if (leader === null) {
    const isFollower = view.peer?.role?.name === 'follower';
    return isFollower ? [['synced_observers', observers.length], ...quorumSize] : quorumSize;
  }
  const followers = learners.filter(learner => !learner.isObserver && learner.synced);
  const { verifier } = view.peer!.membership.committed;
  const sizes = view.leaderServer?.proposalSizes ?? { last: -1, min: -1, max: -1 };
  return [
    ['learners', learners.length],
    ['synced_followers', followers.filter(follower => verifier.isVoter(follower.sid)).length],
    ['synced_non_voting_followers', followers.filter(follower => !verifier.isVoter(follower.sid)).length],
    ['synced_observers', observers.length],
    ['pending_syncs', view.leaderServer?.waitingSyncs ?? 0],
    ['leader_uptime', Math.round(leader.uptimeMs)],
    ...quorumSize,
    ['last_proposal_size', sizes.last],
    ['max_proposal_size', sizes.max],
    ['min_proposal_size', sizes.min],
  ];
}
