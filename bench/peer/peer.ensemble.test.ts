/**
 * All of `bench peer` once, too short to show anything about the servers: every metric has a value, and
 * nothing is left running.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assert, requirePeer, suite, temporaryFolder } from '#test';
import { readEvents } from '../../results/events.ts';
import { loadRun } from '../../results/store.ts';
import { findApacheZooKeeper } from '../hosts/apache-zookeeper.ts';
import { terminal } from '../terminal.ts';
import { PEER_METRICS } from './metrics.ts';
import { benchPeer } from './peer.ts';

const test = suite('bench peer');
const DEADLINE = { deadlineMs: 600_000 };

test(
  'one round of each gives every metric of both, and a result that can be read again',
  async () => {
    requirePeer('apache zookeeper', findApacheZooKeeper(), 'it is what our server is compared with');
    const { root, printed, run } = peer();
    const exitCode = await run(new AbortController().signal);
    const result = await loadRun(join(root, 'latest'));
    assert.is(readdirSync(root).filter(name => name !== 'latest').length, 1);
    assert.is(result.run.exitCode, exitCode);
    assert.is(exitCode, result.validity.void ? 3 : 0);
    for (const { name } of PEER_METRICS) {
      // On a busy machine a second may have too few lone writes for a median. Rest takes longer phases.
      if (name === 'loneWriteLatencyP50' || name === 'restingMemory') continue;
      for (const server of ['zklab', 'apache']) {
        const found = result.measurements.find(item => item.metric === name && item.topology === server);
        assert.ok((found?.summary.median ?? 0) > 0, `${name} of ${server}`);
      }
    }
    const events = readEvents(join(root, 'latest'));
    assert.is(events[0]?.kind, 'plan');
    for (const kind of ['member', 'round', 'turn', 'sample'] as const)
      assert.ok(
        events.some(event => event.kind === kind),
        kind,
      );
    const text = printed.join('');
    for (const { name, title } of PEER_METRICS)
      assert.is(text.includes(title), name !== 'restingMemory', text);
  },
  DEADLINE,
);

test(
  'a run that is ended before its servers are up measures nothing and keeps nothing',
  async () => {
    requirePeer('apache zookeeper', findApacheZooKeeper(), 'it is what our server is compared with');
    const { root, printed, run } = peer();
    assert.is(await run(AbortSignal.abort()), 3);
    assert.equal(readdirSync(root), []);
    assert.is(printed.join(''), 'interrupted: nothing was measured\n');
  },
  DEADLINE,
);

function peer() {
  const root = temporaryFolder();
  const printed: string[] = [];
  const out = { write: (text: string) => printed.push(text) };
  const run = (signal: AbortSignal) =>
    benchPeer(terminal({ out, err: { write: () => {} } }), {
      rounds: 1,
      seconds: 0.5,
      json: false,
      signal,
      root,
    });
  return { root, printed, run };
}
