/** Claims about cut links of Apache ZooKeeper, whose members reach the proxies through SOCKS servers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, requirePeer, suite, temporaryFolder } from '#test';
import { findApacheZooKeeper } from '../../bench/hosts/apache-zookeeper.ts';
import { CONDITIONS } from '../../results/names.ts';
import { loadRun } from '../../results/store.ts';
import { claims } from './claims-command.ts';

const test = suite('chaos/experiments: links of Apache ZooKeeper');
const TINY = join(import.meta.dirname, '../../../chaos/experiments/testing/tiny.yaml');
const QUIET = { print() {}, progress() {}, json() {}, error() {}, end() {} };

test(
  '000-2 on Apache ZooKeeper: a voter is cut off, which is proven on its links, and comes back',
  async () => {
    requirePeer('apache zookeeper', findApacheZooKeeper(), 'its links are cut');
    const runsRoot = temporaryFolder();
    const file = join(temporaryFolder(), 'apache.yaml');
    writeFileSync(file, readFileSync(TINY, 'utf8').replace(/^ {2}masters: .*\n/m, ''));
    const views = { report: async () => '<!doctype html><title>apache</title>', table: () => '' };
    const { signal } = new AbortController();
    const run = { suite: file, only: '000-2', server: 'apache', seed: 7, signal, runsRoot };
    await claims(QUIET, views, run);
    const result = await loadRun('latest', runsRoot);
    assert.equal([result.validity.void, result.deaths], [false, []]);
    assert.equal(
      result.topologies.map(({ name, links }) => [name, links]),
      [['voters', 'proxied']],
    );
    const [fault] = result.faults;
    assert.is(fault?.condition, CONDITIONS.oneVoterBlackholed);
    assert.is(fault?.bit, true);
    const back = result.measurements.find(({ metric }) => metric === 'writeAfterHeal');
    assert.is(back?.samples.length, 1, 'a write commits after the heal');
  },
  { deadlineMs: 300_000 },
);
