import { assert, suite } from '#test';
import { readTopology } from '../../bench/topology/read-topology.ts';
import type { Campaign } from '../schedules/campaign-schema.ts';
import { parseSchedule } from '../schedules/index.ts';
import { whyAbsent } from './absent.ts';
import { skippedOf } from './campaign.ts';

const test = suite('chaos/campaigns: servers that are absent');

test('a topology with one member of Apache needs Apache, and says how to get it as doctor does', () => {
  const mixed = readTopology('voters=3 server=apache');
  assert.match(whyAbsent(mixed, () => undefined) ?? '', /^Apache ZooKeeper was not found .*apt-get install/);
  assert.is(
    whyAbsent(mixed, () => ({})),
    undefined,
  );
  assert.is(
    whyAbsent(readTopology('voters=3'), () => undefined),
    undefined,
  );
});

test('the topologies that are skipped are named, and the others are not', () => {
  const text =
    'description: a test\ndraw: { topologies: [voters=3, voters=3 server=apache], workloads: [{ name: registers }, { name: real-clients, client: java }] }\n';
  const campaign = parseSchedule(text, 'test', 'test.yaml') as Campaign;
  const home = process.env.JAVA_HOME;
  process.env.JAVA_HOME = '/nowhere';
  try {
    assert.equal(
      skippedOf(campaign).map(({ what }) => what),
      ['voters=3 server=apache', 'workload real-clients'],
    );
  } finally {
    if (home === undefined) delete process.env.JAVA_HOME;
    else process.env.JAVA_HOME = home;
  }
});
