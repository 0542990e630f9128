import { assert, suite } from '#test';
import { crowdVoidReasons } from './crowd.ts';

const test = suite('chaos/experiments: crowds');
const BEFORE = { reconnects: 4 };

test('a crowd that served throughout counts, whatever it took to come', () => {
  assert.equal(crowdVoidReasons(300, BEFORE, { serving: 300, reconnects: 4, lastReason: 'refused' }), []);
  assert.equal(crowdVoidReasons(0, { reconnects: 0 }, { serving: 0, reconnects: 0, lastReason: '' }), []);
});

test('planted: a leader that lets observers go under load has no cheap crowd', () => {
  const [gone] = crowdVoidReasons(300, BEFORE, { serving: 120, reconnects: 184, lastReason: 'reset' });
  assert.is(
    gone,
    'the crowd was not whole: 120 of 300 sinks served at the end, after 180 lost connections; the last loss: reset',
  );
  assert.is(
    crowdVoidReasons(300, BEFORE, { serving: 300, reconnects: 5, lastReason: 'reset' }).length,
    1,
    'one that came back was away',
  );
});
