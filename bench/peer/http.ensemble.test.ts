/**
 * All of `bench http` once, too short to show anything about the servers: every metric has a value, and
 * nothing is left running.
 */
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { loadRun } from '../../results/store.ts';
import { findApacheZooKeeper } from '../hosts/apache-zookeeper.ts';
import { terminal } from '../terminal.ts';
import { benchHttp } from './http.ts';
import { HTTP_METRICS } from './http-round.ts';

const test = suite('bench http');
const DEADLINE = { deadlineMs: 400_000 };

test(
  'one round gives every metric of ours, and of Apache if it is installed; otherwise the output says so',
  async () => {
    const root = temporaryFolder();
    const printed: string[] = [];
    const out = { write: (text: string) => printed.push(text) };
    const exitCode = await benchHttp(terminal({ out, err: { write: () => {} } }), {
      rounds: 1,
      seconds: 1,
      connections: 4,
      json: false,
      signal: new AbortController().signal,
      root,
    });
    const result = await loadRun(join(root, 'latest'));
    assert.is(result.run.exitCode, exitCode);
    const apache = findApacheZooKeeper();
    assert.equal(
      result.topologies.map(({ name }) => name),
      apache === undefined ? ['zklab'] : ['zklab', 'apache'],
    );
    // A p99 needs more answers than a busy machine may give in a second.
    for (const { name } of HTTP_METRICS.filter(metric => metric.unit !== 'ms')) {
      for (const topology of result.topologies) {
        const found = result.measurements.find(
          item => item.metric === name && item.topology === topology.name,
        );
        assert.ok((found?.summary.median ?? 0) > 0, `${name} of ${topology.name}`);
      }
    }
    assert.ok(result.limits.some(text => text.includes('whole milliseconds')));
    assert.is(printed.join('').includes('Apache ZooKeeper is not here'), apache === undefined);
  },
  DEADLINE,
);
