import { assert, suite } from '#test';
import { readTopology } from '../../bench/topology/read-topology.ts';
import { topologyOf } from '../../bench/topology/topology.ts';
import { missingTarget } from './missing-target.ts';

const test = suite('chaos/schedules: targets');
const VOTERS = readTopology('voters=3');

const problem = (step: object, topology = VOTERS) => {
  const missing = missingTarget({ fault: 'x', ...step }, topology);
  return missing && [missing.path.join('.'), missing.text.replace(/;.*accepted/, ' accepted')];
};

test('a member, a role or a data centre that the topology lacks is named with what it has', () => {
  assert.equal(problem({ target: { name: 'v4' } }), [
    'target.name',
    '"v4" is nothing that voters=3 has accepted is v1, v2, v3',
  ]);
  assert.is(problem({ select: { from: { name: ['v1', 'o1'] }, to: 'any' } })?.[0], 'select.from.name');
  assert.match(problem({ target: { role: 'observer' } })?.[1] ?? '', /accepted is leader, follower/);
  assert.match(problem({ target: { dc: 'paris' } })?.[1] ?? '', /none, because it has no dc/);
});

test('what a run can have is accepted', () => {
  const centres = topologyOf({ members: [{ dc: 'paris' }, { dc: 'rome' }, { role: 'observer' }] }, 'test');
  for (const step of [
    { target: { role: 'leader' } },
    { target: { role: 'observer', count: 2 } },
    { select: { from: { dc: 'rome' }, to: { name: 'o1' } } },
    { select: { from: 'any', to: 'client' } },
  ])
    assert.is(problem(step, centres), undefined, JSON.stringify(step));
});
