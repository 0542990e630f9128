import { FULL_VERSION } from '../version.ts';
import { Double } from './exact-json.ts';
import type { ServerView } from './server-view.ts';

/** One name and value; the name without the `zk_` that `mntr` puts in front. */
export type MonitorLine = readonly [name: string, value: string | number | Double];

/** What `mntr` and the `monitor` command show, in upstream's order and names. @see facts sections 18 and 20 */
export function monitorLines(view: ServerView): MonitorLine[] {
  const lines: MonitorLine[] = [['version', FULL_VERSION]];
  lines.push(['server_state', view.active?.mode ?? 'looking']);
  if (view.peer !== null) lines.push(['peer_state', view.peer.peerState]);
  const master = view.observerMasterId;
  if (master !== undefined) lines.push(['observer_master_id', master]);
  for (const line of view.metrics.gauges()) lines.push(line);
  lines.push(...leaderLines(view));
  for (const [name, counter] of view.metrics.counters) lines.push([name, counter.value]);
  for (const [name, summary] of view.metrics.summaries) {
    lines.push([`avg_${name}`, new Double(summary.count === 0 ? 0 : summary.sum / summary.count)]);
    lines.push([`min_${name}`, summary.count === 0 ? 0 : Math.round(summary.min)]);
    lines.push(
      [`max_${name}`, Math.round(summary.max)],
      [`cnt_${name}`, summary.count],
      [`sum_${name}`, Math.round(summary.sum)],
    );
  }
  for (const [name, traffic] of view.metrics.traffic) {
    const key = `traffic_${name.replaceAll(' ', '_')}`;
    lines.push([`${key}_messages`, traffic.messages], [`${key}_bytes`, traffic.bytes]);
  }
  return lines;
}

function leaderLines(view: ServerView): MonitorLine[] {
  const learners = view.learners;
  const observers = learners.filter(learner => learner.isObserver && learner.synced);
  const leader = view.leader;
  const quorumSize: MonitorLine[] =
    view.peer === null ? [] : [['quorum_size', view.peer.verifier.voters.size]];
  if (leader === null) {
    const isFollower = view.peer?.role?.name === 'follower';
    return isFollower ? [['synced_observers', observers.length], ...quorumSize] : quorumSize;
  }
  const followers = learners.filter(learner => !learner.isObserver && learner.synced);
  const verifier = view.peer!.verifier;
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
