import { assert, suite } from '#test';
import { configurationOf } from '../membership/configuration.ts';
import { Membership } from '../membership/membership.ts';
import { parseQuorumConfig } from '../membership/quorum-text.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { MemberAddresses } from './member-addresses.ts';

const test = suite('master: addresses of observers');

const TICK_MS = 200;
const SERVERS =
  'server.1=zk1:2888:3888\nserver.4=zk4:2888:3888|zk4b:2888:3888:observer\nserver.5=zk5:2888:3888:observer\n';

/** Names with their present addresses, and a list of the names that were looked up. */
function world() {
  const clock = new VirtualClock();
  const names = new Map([
    ['zk4', ['10.0.0.4']],
    ['zk4b', ['10.1.0.4']],
  ]);
  const asked: string[] = [];
  const addresses = new MemberAddresses({
    clock,
    network: {
      addressesOf(name, done) {
        asked.push(name);
        return clock.after(1, () => done(names.get(name) ?? []));
      },
    },
    membership: new Membership(1, configurationOf(parseQuorumConfig(SERVERS))),
    config: { tickTimeMs: TICK_MS },
  });
  const claim = (sid: number, host: string): boolean => {
    addresses.claimed(sid, host);
    clock.advance(2);
    return addresses.has(sid, host);
  };
  return { clock, names, asked, addresses, claim };
}

test('an observer is at its address when one of the names in its server line resolves to where it comes from', () => {
  const { claim } = world();
  assert.equal(
    [claim(4, '10.0.0.4'), claim(4, '10.1.0.4'), claim(4, '10.0.0.9'), claim(5, '10.0.0.4')],
    [true, true, false, false],
  );
});

test('however often strangers claim the ids of others, a name is looked up once a tick, and those of voters never', () => {
  const { claim, asked, clock } = world();
  for (let n = 0; n < 50; n++) for (const sid of [1, 4, 77]) claim(sid, `10.9.0.${n}`);
  assert.ok(asked.length <= 2 * Math.ceil(300 / TICK_MS), `${asked}`);
  assert.equal([...new Set(asked)], ['zk4', 'zk4b']);
  clock.advance(TICK_MS);
  claim(4, '10.0.0.4');
  const before = asked.length;
  clock.advance(TICK_MS);
  claim(4, '10.0.0.4');
  assert.is(asked.length, before, 'it is known');
});

test('an observer that has moved is known at its new address, and no longer at the old one', () => {
  const { claim, names, clock, addresses } = world();
  assert.ok(claim(4, '10.0.0.4'));
  names.set('zk4', ['10.0.0.44']);
  clock.advance(TICK_MS);
  assert.equal([claim(4, '10.0.0.44'), addresses.has(4, '10.0.0.4')], [true, false]);
});

test('a look-up calls nobody once the master has ended', () => {
  const { addresses, clock } = world();
  addresses.claimed(4, '10.0.0.4');
  addresses.close();
  clock.advance(TICK_MS);
  assert.not(addresses.has(4, '10.0.0.4'));
});
