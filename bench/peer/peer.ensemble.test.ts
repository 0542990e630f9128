/** The whole of `bench peer` once, too short to say anything of the servers: that every number comes, and nothing stays. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assert, requirePeer, suite, temporaryFolder } from '#test';
import { loadRun } from '../../results/store.ts';
import { terminal } from '../terminal.ts';
import { findApacheZooKeeper } from '../topology/apache-zookeeper.ts';
import { PEER_METRICS } from './metrics.ts';
import { benchPeer } from './peer.ts';

const test = suite('bench peer');
const DEADLINE = { deadlineMs: 180_000 };

test(
  'one round of each gives every metric of both, and a result that can be read again',
  async () => {
    requirePeer('apache zookeeper', findApacheZooKeeper(), 'it is what our server is compared with');
    const { root, printed, run } = peer();
    const exitCode = await run(new AbortController().signal);
    const result = await loadRun(join(root, 'latest'));
    assert.is(result.run.exitCode, exitCode);
    assert.is(exitCode, result.validity.void ? 3 : 0);
    for (const { name } of PEER_METRICS) {
      for (const server of ['zklab', 'apache']) {
        const found = result.measurements.find(item => item.metric === name && item.topology === server);
        assert.ok((found?.summary.median ?? 0) > 0, `${name} of ${server}`);
      }
    }
    const text = printed.join('');
    for (const { title } of PEER_METRICS) assert.ok(text.includes(title), text);
  },
  DEADLINE,
);

test(
  'a run that is ended early is void, and leaves its result',
  async () => {
    requirePeer('apache zookeeper', findApacheZooKeeper(), 'it is what our server is compared with');
    const { root, run } = peer();
    const ended = new AbortController();
    ended.abort();
    assert.is(await run(ended.signal), 3);
    const { validity } = await loadRun(join(root, 'latest'));
    assert.equal(validity, { void: true, reasons: ['ended early, after 0 of 1 rounds'] });
  },
  DEADLINE,
);

function peer() {
  const root = temporaryFolder();
  const printed: string[] = [];
  const out = { write: (text: string) => printed.push(text) };
  const run = async (signal: AbortSignal) => {
    const exitCode = await benchPeer(terminal({ out, err: { write: () => {} } }), {
      rounds: 1,
      seconds: 1,
      json: false,
      signal,
      root,
    });
    assert.is(readdirSync(root).filter(name => name !== 'latest').length, 1);
    assert.ok(existsSync(join(root, 'latest')));
    return exitCode;
  };
  return { root, printed, run };
}
