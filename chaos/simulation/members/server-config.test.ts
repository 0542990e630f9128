import { assert, suite } from '#test';
import { PLAIN_SHAPE, shapeSettings } from '../shape.ts';
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

test('members with an address on each of two networks list both', () => {
  const shape = { ...PLAIN_SHAPE, networks: 2 } as const;
  const members = ensembleOf(shape);
  const { quorum } = serverConfigOf(members[0]!, members, shapeSettings(shape));
  const hosts = quorum?.config.servers.get(4)?.addresses.map(({ host }) => host);
  assert.equal(hosts, ['zk4', 'zk4-net2']);
});
