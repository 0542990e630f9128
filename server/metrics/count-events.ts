import type { Metrics } from './metrics.ts';
import type { EventListener } from './server-events.ts';

/** Counts events as ZooKeeper's metrics. */
export function countEvents(metrics: Metrics): EventListener {
  return event => {
    switch (event.kind) {
      case 'looking':
        metrics.counter('looking_count').add();
        return;
      case 'supportLost':
        metrics.counter('quit_leading_due_to_disloyal_voter').add();
        return;
      case 'leading':
        metrics.summary('leader_sync_time').add(event.syncedAfterMs);
        return;
      case 'syncBegun':
        metrics.counter(`${event.mode.toLowerCase()}_received_count`).add();
        return;
      case 'synced':
        metrics.summary(`${event.role}_sync_time`).add(event.tookMs);
        return;
      case 'sessionExpired':
        metrics.counter('stale_sessions_expired').add();
        return;
      case 'snapshotWritten':
        metrics.summary('snapshottime').add(event.ms);
        return;
      case 'stopped':
        metrics.counter('unrecoverable_error_count').add();
        return;
      default:
    }
  };
}
