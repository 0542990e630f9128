import { assert, suite } from '#test';
import { Hold } from '../../processors/server-cnxn.ts';
import type { Connection } from '../../runtime/runtime.ts';
import { ReadGate } from './read-gate.ts';

const test = suite('clients: reasons not to read');

function rig(): { gate: ReadGate; did: string[] } {
  const did: string[] = [];
  const connection = { pause: () => did.push('pause'), resume: () => did.push('resume') };
  return { gate: new ReadGate(connection as unknown as Connection), did };
}

test('reading stops with the first reason and resumes after the last is lifted, in any order', () => {
  const { gate, did } = rig();
  gate.hold(Hold.output);
  gate.hold(Hold.requests);
  gate.hold(Hold.requests);
  assert.equal(did, ['pause']);
  gate.release(Hold.output);
  gate.release(Hold.order);
  assert.equal(did, ['pause']);
  gate.release(Hold.requests);
  gate.release(Hold.requests);
  assert.equal(did, ['pause', 'resume']);
  gate.hold(Hold.session);
  assert.equal(did, ['pause', 'resume', 'pause']);
});

test('a client held by the server counts as alive; one held for its own output only while it reads', () => {
  const { gate } = rig();
  assert.is(gate.isHeldAlive(0), false, 'not held');
  gate.hold(Hold.output);
  assert.equal(
    [100, 90, 90, 120, 110].map(bytes => gate.isHeldAlive(bytes)),
    [false, true, false, false, true],
  );
  for (const reason of [Hold.requests, Hold.order, Hold.line, Hold.submitted, Hold.gathered]) {
    gate.hold(reason);
    assert.is(gate.isHeldAlive(110), true);
    gate.release(reason);
  }
  assert.is(gate.isHeldAlive(110), false);
});

test('a connection that ends is never paused again', () => {
  const { gate, did } = rig();
  gate.leave();
  gate.hold(Hold.output);
  gate.release(Hold.output);
  assert.equal(did, []);
});
