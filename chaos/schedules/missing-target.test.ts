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
    { target: { role: 'observer', count: 1 } },
    { target: { random: 3 } },
    { target: { voters: 'quorum' } },
    { select: { from: 'client', to: 'any', kinds: ['client'] } },
    { select: { from: { name: 'v1' }, to: 'others', kinds: ['quorum', 'observerMaster'] } },
    { select: { from: { dc: 'rome' }, to: { name: 'o1' } } },
    { select: { from: 'any', to: 'client' } },
  ])
    assert.is(problem(step, centres), undefined, JSON.stringify(step));
});

test('more members than the topology has, and ends without a link between them, are refused before a run', () => {
  const says = (step: object, path: string, text: RegExp) => {
    const [at, why = ''] = problem(step, readTopology('voters=2 observers=1')) ?? [];
    assert.is(at, path, JSON.stringify(step));
    assert.match(why, text);
  };
  says({ target: { random: 4 } }, 'target.random', /^4 accepted is at most 3, the members/);
  says({ target: { role: 'leader', count: 2 } }, 'target.count', /^2 accepted is at most 1, the leaders/);
  says({ target: { role: 'follower', count: 2 } }, 'target.count', /^2 accepted is at most 1/);
  says({ target: { role: 'observer', count: 2 } }, 'target.count', /at most 1, the observers/);
  says({ target: { voters: 'minority' } }, 'target.voters', /^"minority" accepted .* are majority, quorum/);
  says({ target: { name: ['v1', 'v1'] } }, 'target.name', /^"v1" is named twice/);
  says({ select: { from: 'any', to: 'others' } }, 'select.to', /leaves no others/);
  says({ select: { from: { name: 'v1' }, to: { name: ['v1'] } } }, 'select.to', /none has a link to itself/);
  says({ select: { from: 'client', to: 'client' } }, 'select.to', /clients dial no clients/);
  says({ select: { from: 'any', to: 'any', kinds: ['client'] } }, 'select.kinds', /election, quorum$/);
  says(
    { select: { from: 'any', to: 'any', kinds: ['observerMaster'] } },
    'select.kinds',
    /election, quorum$/,
  );
  assert.is(problem({ target: { role: 'follower' } }, readTopology('voters=1'))?.[0], 'target.role');
});
