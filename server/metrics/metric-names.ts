import type { Metrics } from './metrics.ts';

/**
 * ZooKeeper's names for everything that this server counts, whatever its role. They exist from the start, as
 * monitoring expects.
 */
const COUNTERS = [
  'auth_failed_count',
  'auth_refused_count',
  'commit_count',
  'connection_drop_count',
  'connection_rejected',
  'connection_request_count',
  'connection_revalidate_count',
  'diff_count',
  'digest_mismatches_count',
  'fsync_threshold_exceed_count',
  'learner_commit_received_count',
  'learner_proposal_received_count',
  'looking_count',
  'proposal_count',
  'quit_leading_due_to_disloyal_voter',
  'revalidate_count',
  'sessionless_connections_expired',
  'snap_count',
  'stale_sessions_expired',
  'unrecoverable_error_count',
  'watch_refused_count',
];

const SUMMARIES = [
  'commit_propagation_latency',
  'dbinittime',
  'election_time',
  'follower_sync_time',
  'fsynctime',
  'inflight_diff_count',
  'inflight_snap_count',
  'leader_unavailable_time',
  'node_changed_watch_count',
  'node_children_watch_count',
  'node_created_watch_count',
  'node_deleted_watch_count',
  'observer_sync_time',
  'propagation_latency',
  'proposal_latency',
  'quorum_ack_latency',
  'readlatency',
  'snapshottime',
  'startup_txns_loaded',
  'sync_processor_batch_size',
  'unavailable_time',
  'updatelatency',
];

export function registerMetrics(metrics: Metrics): void {
  for (const name of COUNTERS) metrics.counter(name);
  for (const name of SUMMARIES) metrics.summary(name);
}
