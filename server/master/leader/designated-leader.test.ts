import { assert, suite } from '#test';
import { configurationFromText } from '../../membership/configuration.ts';
import { parseQuorumServer } from '../../membership/quorum-server.ts';
import { designatedLeader } from './designated-leader.ts';

const test = suite('quorum: the leader that a new configuration names');

const own = parseQuorumServer(1, 'zk1:2888:3888');
const config = (...lines: string[]) => configurationFromText([...lines, 'version=9'].join('\n'));
const others = ['server.2=zk2:2888:3888', 'server.3=zk3:2888:3888', 'server.4=zk4:2888:3888:observer'];
const SINCE = 7;

test('the leader stays when it votes at the same quorum address; its election and client ports do not matter', () => {
  const acked = new Map([
    [1, 7],
    [2, 9],
  ]);
  assert.is(designatedLeader(config('server.1=zk1:2888:3999;2181', ...others), own, acked, SINCE), 1);
});

test('otherwise the voter that has most on disk leads, and of several the one with the highest sid', () => {
  const acked = new Map([
    [1, 9],
    [2, 8],
    [3, 8],
    [4, 9],
  ]);
  for (const line of ['server.1=zk1:2999:3888', 'server.1=zk1:2888:3888:observer'])
    assert.is(designatedLeader(config(line, ...others), own, acked, SINCE), 3, line);
  acked.set(2, 9);
  assert.is(designatedLeader(config(...others), own, acked, SINCE), 2);
});

test('a voter that has not acked the reconfiguration, or has no weight, is not named', () => {
  const acked = new Map([
    [1, 9],
    [2, 6],
    [3, 7],
  ]);
  assert.is(designatedLeader(config(...others), own, acked, SINCE), 3);
  const behind = new Map([
    [1, 9],
    [2, 6],
  ]);
  assert.is(designatedLeader(config(...others), own, behind, SINCE), 1, 'nobody else has it');
  const weightless = config(...others, 'group.1=2:3', 'weight.3=0', 'weight.2=1');
  assert.is(designatedLeader(weightless, own, new Map([...acked, [2, 7]]), SINCE), 2);
});

test('the only voter starts a new epoch at its new address', () => {
  assert.is(designatedLeader(config('server.1=zk1:2999:3888'), own, new Map([[1, 9]]), SINCE), 1);
});
