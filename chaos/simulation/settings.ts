import type { SeededRandom } from '../../server/runtime/seeded-random.ts';

/** Lines of zoo.cfg that a seed draws for all of its members. */
export type Settings = Readonly<Record<string, string>>;

/** Whether observers serve read-only clients while they have no master. */
export function observersReadOn(settings: Settings): boolean {
  return settings['observer.readOnly.enabled'] === 'true';
}

export function drawSettings(random: SeededRandom): Settings {
  return {
    commitLogCount: random.pick(['1', '4', '20', '500']),
    snapCount: random.pick(['4', '20', '200']),
    // Below 0 no DIFF is read from disk. Far above the default, every DIFF is sent that the logs allow.
    snapshotSizeFactor: random.pick(['-1', '0.33', '50']),
    preAllocSize: random.pick(['0', '1', '65536']),
    // Without it, observers connect to the leader.
    ...(random.chance(0.25) ? { observerMasterPort: '0' } : {}),
    // Observers hear of transactions before they are committed (ZOOKEEPER-368, option 2).
    ...(random.fork('observer proposals').chance(0.25) ? { 'observer.proposals.enabled': 'true' } : {}),
  };
}

const LOCAL_SESSIONS_PROBABILITY = 0.4;

/** How members keep sessions, and which of them read on without a leader. */
export function drawSessionSettings(random: SeededRandom): Settings {
  if (!random.chance(LOCAL_SESSIONS_PROBABILITY)) return {};
  const observersRead = random.chance(0.8);
  const votersRead = random.chance(0.25);
  return {
    localSessionsEnabled: 'true',
    ...(random.chance(0.6) ? { localSessionsUpgradingEnabled: 'true' } : {}),
    ...(observersRead ? drawReadOnly(random) : {}),
    ...(votersRead ? { 'readonlymode.enabled': 'true' } : {}),
  };
}

function drawReadOnly(random: SeededRandom): Settings {
  return {
    'observer.readOnly.enabled': 'true',
    // Mostly large, so that the observer comes back by DIFF, of which its clients must notice nothing.
    ...(random.chance(0.6) ? { commitLogCount: '500' } : {}),
    // Shorter and longer than it takes to notice that a master is silent, and to look for another one.
    ...(random.chance(0.35) ? { 'observer.readOnly.maxStaleMs': random.pick(['700', '1500', '3000']) } : {}),
    // Clients are told at once when there is no other master to look for.
    ...(random.chance(0.3) ? { observerMasterPort: '0' } : {}),
    ...(random.chance(0.3) ? { 'observer.election.DelayMs': random.pick(['0', '50', '600']) } : {}),
  };
}
