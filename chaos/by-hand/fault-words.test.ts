import { assert, suite } from '#test';
import { faultOf, type Present } from './fault-words.ts';

const test = suite('chaos/by-hand: words');

const PRESENT: Present = {
  roles: new Map([
    ['v1', 'follower'],
    ['v2', 'leader'],
    ['v3', 'follower'],
    ['o1', 'observer'],
    ['o2', 'observer'],
  ]),
  voters: ['v1', 'v2', 'v3'],
  centres: ['paris'],
};
const of = (text: string, isOneWay = false) => faultOf(text.split(' '), PRESENT, isOneWay);

test('links are cut between roles, names and data centres, both ways unless one is asked for', () => {
  assert.equal(of('cut leader observers'), {
    fault: 'blackhole',
    select: { from: { role: 'leader' }, to: { name: ['o1', 'o2'] }, both: true },
  });
  assert.equal(of('refuse v1', true), {
    fault: 'refuse',
    select: { from: { name: 'v1' }, to: 'any', both: false },
  });
  assert.equal(of('latency dc:paris clients latencyMs=200 jitterMs=50'), {
    fault: 'latency',
    select: { from: { dc: 'paris' }, to: 'client', both: true },
    latencyMs: 200,
    jitterMs: 50,
  });
});

test('processes are named by role or name', () => {
  assert.equal(of('kill leader'), { fault: 'kill', target: { role: 'leader' } });
  assert.equal(of('pause v3'), { fault: 'pause', target: { name: 'v3' } });
});

test('a word that means nothing here is refused with what does', () => {
  const said = (text: string, isOneWay = false) => {
    try {
      of(text, isOneWay);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(said('cutt leader'), /^fault "cutt": accepted are latency, .*cut \(blackhole\)/);
  assert.match(
    said('cut leeder'),
    /^target "leeder": accepted are v1, v2, v3, o1, o2, leader, .*dc:paris, any, clients$/,
  );
  assert.match(said('kill v1 v2'), /^"v2": kill takes at most 1 target/);
  assert.match(said('cut v1 v2 v3'), /^"v3": blackhole takes at most 2 targets/);
  assert.match(said('kill v1 forMs=3'), /^"forMs=3": kill has no forMs; accepted are target=/);
  assert.match(said('latency v1 latencyMs=1 latencyMs=2'), /^"latencyMs=2": latencyMs is given twice/);
  assert.match(said('cut v1 select=any'), /^"select=any": select is given twice/);
  assert.match(said('kill leader', true), /^--one-way: kill is on no links/);
});

test('a role that nobody has now is told with the roles that there are', () => {
  const looking: Present = { roles: new Map([['v1', 'looking']]), voters: ['v1'], centres: [] };
  assert.throws(
    () => faultOf(['cut', 'v1', 'observers'], looking),
    /target "observers": nobody is observer now; the roles are v1=looking/,
  );
});
