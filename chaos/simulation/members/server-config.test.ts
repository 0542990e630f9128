import { assert, suite } from '#test';
import { ensembleOf } from './member.ts';
import { serverConfigOf } from './server-config.ts';

const test = suite('simulation: configuration of members');

test('every member of an ensemble gets a configuration without unknown or ignored keys', () => {
  const members = ensembleOf({ voters: 3, observers: 2 });
  for (const spec of members) {
    const config = serverConfigOf(spec, members);
    assert.equal(config.unknownKeys, []);
    assert.equal(config.notYetUsed, []);
    assert.is(config.quorum?.sid, spec.sid);
    assert.is(config.quorum?.role, spec.role);
    assert.is(config.quorum?.config.servers.size, 5);
  }
});
