import { assert, suite } from '#test';
import { firstSessionId, sessionIdHex, sessionPassword } from './session-id.ts';

const test = suite('sessions: ids and passwords');

test('passwords are those of java.util.Random: test vectors were computed in Java', () => {
  assert.is(sessionPassword(1n).toString('hex'), '054cc74a37327db215e702e20c73f005');
  assert.is(sessionPassword(0x0100000000000000n).toString('hex'), 'f22acd4a97e69d6d20a49bb638eadb38');
  assert.is(sessionPassword(0x0100abcdef120000n).toString('hex'), '9c4f63baf93e340eda515fa06afeb902');
});

test('an id has the server in its highest byte and the time below it, and leaves two bytes for counting', () => {
  assert.is(sessionIdHex(firstSessionId(4, 0x1159e8)), '0x400001159e80000');
  assert.is(sessionIdHex(firstSessionId(255, 0)), '0xff00000000000000');
});
