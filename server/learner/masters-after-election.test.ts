/**
 * Row 004-18: how long an observer takes to find a master by polling, once a new leader is elected. A
 * follower opens its port for observers when it has synced; an observer that comes earlier is refused, and
 * tries again.
 */
import { assert, suite } from '#test';
import { MemoryEnsemble, nameOf, OBSERVER_MASTER_PORT } from '../memory-ensemble.test-kit.ts';
import { ROUND_PAUSE_MS } from './master-dialer.ts';

const test = suite('quorum: masters after an election');

const OBSERVERS = 12;

interface Wait {
  readonly attempts: number;
  /** Time from the observer's first attempt until its master listened; 0 when the master listened already. */
  readonly beforeMs: number;
  /** Time from then on until the observer was connected, minus a round trip. */
  readonly afterMs: number;
}

/** How each observer found a master after the leader was killed. `latencyMs`: of each link, one way. */
function waitsOf(latencyMs: number): Wait[] {
  const settings = { observerMasterPort: OBSERVER_MASTER_PORT };
  const ensemble = new MemoryEnsemble({ voters: 3, observers: OBSERVERS, settings });
  for (const from of ensemble.sids)
    for (const to of ensemble.sids)
      if (from !== to) ensemble.network.setLink(nameOf(from), nameOf(to), { latencyMs });
  ensemble.start();
  const { leader, time } = ensemble;
  const listensMs = new Map<string, number>();
  for (const sid of [1, 2, 3]) {
    const { network } = ensemble.machine(sid).runtime!;
    const listen = network.listen.bind(network);
    network.listen = (address, events, options) => {
      if (address.port === OBSERVER_MASTER_PORT) listensMs.set(nameOf(sid), time.nowMs);
      return listen(address, events, options);
    };
  }
  const observers = ensemble.sids.filter(sid => sid > 3);
  const attempts = new Map(observers.map(sid => [sid, [] as number[]]));
  const connected = new Map<number, { host: string; ms: number }>();
  for (const sid of observers) {
    const { network } = ensemble.machine(sid).runtime!;
    const connect = network.connect.bind(network);
    network.connect = (address, timeoutMs, events, security) => {
      if (address.port !== OBSERVER_MASTER_PORT) return connect(address, timeoutMs, events, security);
      attempts.get(sid)!.push(time.nowMs);
      const onConnected: typeof events.onConnected = connection => {
        connected.set(sid, { host: address.host, ms: time.nowMs });
        events.onConnected(connection);
      };
      return connect(address, timeoutMs, { ...events, onConnected }, security);
    };
  }
  ensemble.kill(leader);
  ensemble.wait(
    () => observers.every(sid => connected.has(sid) && ensemble.server(sid).view.serving !== null),
    'the observers to have masters',
  );
  return observers.map(sid => {
    const tries = attempts.get(sid)!;
    const { host, ms } = connected.get(sid)!;
    const opensMs = Math.max(listensMs.get(host) ?? 0, tries[0]!);
    return {
      attempts: tries.length,
      beforeMs: opensMs - tries[0]!,
      afterMs: Math.max(0, ms - opensMs - 2 * latencyMs),
    };
  });
}

for (const latencyMs of [2, 25])
  test(`004-18: over links of ${latencyMs} ms, an observer that comes before its master listens waits no longer after that than it has waited before`, () => {
    const early = waitsOf(latencyMs).filter(({ attempts }) => attempts > 1);
    assert.ok(early.length > 0, 'somebody comes early');
    for (const { beforeMs, afterMs } of early) {
      assert.ok(afterMs <= ROUND_PAUSE_MS, `${afterMs} ms`);
      assert.ok(afterMs <= beforeMs, `${afterMs} ms after ${beforeMs} ms`);
    }
  });
