import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { type Acl, type Id, OPEN_ACL_UNSAFE, Perms, READ_ACL_UNSAFE } from '../wire/acl.ts';
import { AclDecisions } from './acl-decisions.ts';
import { CountingAcl } from './counting-acl.test-kit.ts';
import { ALICE, aclOf, BOB, LOCAL, SUPER, testProviders } from './providers.test-kit.ts';

const test = suite('auth: ACL decisions');

const PROVIDERS = testProviders();
test('a table of ACLs, and the clients that each lets in', () => {
  const cases: [allowed: boolean, acl: readonly Acl[], perm: number, ids: Id[]][] = [
    [true, OPEN_ACL_UNSAFE, Perms.ADMIN, []],
    [true, [aclOf(31, 'world', 'anyone')], Perms.ADMIN, []],
    [true, READ_ACL_UNSAFE, Perms.READ, []],
    [false, READ_ACL_UNSAFE, Perms.WRITE, [LOCAL, ALICE]],
    [true, READ_ACL_UNSAFE, Perms.WRITE, [LOCAL, SUPER]],
    [true, READ_ACL_UNSAFE, Perms.READ | Perms.ADMIN, []],
    [false, [], Perms.DELETE, [LOCAL, ALICE]],
    [true, [], Perms.DELETE, [SUPER]],
    [true, [{ perms: Perms.WRITE, id: ALICE }], Perms.WRITE, [LOCAL, ALICE]],
    [false, [{ perms: Perms.WRITE, id: ALICE }], Perms.WRITE, [LOCAL, BOB]],
    [false, [{ perms: Perms.WRITE, id: ALICE }], Perms.READ, [ALICE]],
    [true, [aclOf(1, 'ip', '127.0.0.0/8')], Perms.READ, [LOCAL]],
    [false, [aclOf(1, 'ip', '10.0.0.0/8')], Perms.READ, [LOCAL]],
    [true, [aclOf(1, 'ip', 'fe80::/10')], Perms.READ, [{ scheme: 'ip', id: 'fe80:0:0:0:0:0:0:1%eth0' }]],
    [true, [aclOf(1, 'ip', '::1')], Perms.READ, [{ scheme: 'ip', id: '0:0:0:0:0:0:0:1' }]],
    [false, [aclOf(1, 'ip', '::1')], Perms.READ, [LOCAL]],
    [false, [aclOf(1, 'ip', '127.0.0.1')], Perms.READ, [{ scheme: 'digest', id: '127.0.0.1' }]],
    [false, [aclOf(1, 'world', 'someone')], Perms.READ, [LOCAL]],
  ];
  for (const [allowed, acl, perm, ids] of cases) {
    assert.is(new AclDecisions(PROVIDERS).allows(acl, perm, ids), allowed, JSON.stringify([acl, perm, ids]));
  }
});

test('addresses match their ranges', () => {
  const cases: [matches: boolean, address: string, range: string][] = [
    [true, '10.1.2.3', '10.1.2.3'],
    [true, '10.1.2.3', '10.1.0.0/16'],
    [true, '10.1.2.3', '10.1.9.9/16'],
    [true, '10.1.2.3', '0.0.0.0/0'],
    [true, '10.1.2.3', '10.1.2.2/31'],
    [true, '200.1.2.3', '128.0.0.0/1'],
    [false, '10.1.2.4', '10.1.2.2/31'],
    [false, '10.1.2.3', '10.1.2.3/x'],
    [true, '::ffff:10.1.2.3', '10.1.0.0/16'],
    [true, 'fe80::1', 'fe80::/10'],
    [true, 'fe80::1', '::/0'],
    [false, 'fec0::1', 'fe80::/10'],
    [true, '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    [false, '::1', '127.0.0.1'],
    [false, '::1', '0.0.0.0/0'],
    [false, 'localhost', '127.0.0.1'],
  ];
  for (const [matches, address, range] of cases) {
    const allowed = new AclDecisions(PROVIDERS).allows([aclOf(1, 'ip', range)], 1, [
      { scheme: 'ip', id: address },
    ]);
    assert.is(allowed, matches, `${address} in ${range}`);
  }
});

/** The plainest form: every entry against every identity, ranges bit by bit. */
function naiveAllows(acl: readonly Acl[], perm: number, ids: readonly Id[]): boolean {
  if (ids.some(({ scheme }) => scheme === 'super')) return true;
  const bitsOf = (address: string) =>
    address
      .split('.')
      .map(byte => Number(byte).toString(2).padStart(8, '0'))
      .join('');
  const matches = (wanted: Id, given: Id): boolean => {
    if (wanted.scheme !== given.scheme) return false;
    if (wanted.scheme !== 'ip') return wanted.id === given.id;
    const [address = '', bits = '32'] = wanted.id.split('/');
    return bitsOf(address).slice(0, Number(bits)) === bitsOf(given.id).slice(0, Number(bits));
  };
  return acl.some(
    ({ perms, id }) =>
      (perms & perm) !== 0 &&
      ((id.scheme === 'world' && id.id === 'anyone') || ids.some(given => matches(id, given))),
  );
}

test('property: decisions equal those of reading the whole list, also for identities added later', () => {
  const byte = fc.constantFrom(0, 1, 127, 128, 255);
  const address = fc.tuple(byte, byte, byte, byte).map(bytes => bytes.join('.'));
  const range = fc.tuple(address, fc.integer({ min: 0, max: 32 })).map(([at, bits]) => `${at}/${bits}`);
  const digest = fc.record({ scheme: fc.constantFrom('digest', 'x509'), id: fc.constantFrom('a:1', 'b:2') });
  const wanted = fc.oneof(
    digest,
    fc.record({ scheme: fc.constant('ip'), id: fc.oneof(address, range) }),
    fc.record({ scheme: fc.constant('world'), id: fc.constantFrom('anyone', 'else') }),
  );
  const given = fc.oneof(
    { weight: 8, arbitrary: digest },
    { weight: 8, arbitrary: fc.record({ scheme: fc.constant('ip'), id: address }) },
    { weight: 1, arbitrary: fc.constant(SUPER) },
  );
  const acl = fc.array(fc.record({ perms: fc.integer({ min: 0, max: 31 }), id: wanted }), { maxLength: 6 });
  const step = fc.record({
    list: fc.nat(2),
    client: fc.nat(1),
    perm: fc.integer({ min: 1, max: 31 }),
    adds: fc.option(given),
  });
  fc.assert(
    fc.property(fc.tuple(acl, acl, acl), fc.array(step, { maxLength: 20 }), (lists, steps) => {
      const decisions = new AclDecisions(PROVIDERS);
      const clients: Id[][] = [[], []];
      for (const { list, client, perm, adds } of steps) {
        if (adds !== null) clients[client]!.push(adds);
        const [asked, ids] = [lists[list]!, clients[client]!];
        assert.is(decisions.allows(asked, perm, ids), naiveAllows(asked, perm, ids));
      }
    }),
  );
});

test('field report B2: a list of 38,000 entries is read once, for any number of checks and clients', () => {
  const counting = new CountingAcl(38_000, { perms: Perms.READ, id: ALICE });
  const decisions = new AclDecisions(PROVIDERS);
  for (let client = 0; client < 100; client++) {
    const ids = [LOCAL];
    for (let i = 0; i < 10; i++) assert.is(decisions.allows(counting.acl, Perms.READ, ids), false);
    ids.push(client % 2 === 0 ? ALICE : BOB);
    assert.is(decisions.allows(counting.acl, Perms.READ, ids), client % 2 === 0);
  }
  assert.is(counting.reads, 38_000);
});

test('a client’s identities are read once for each list, and again when there are more', () => {
  let looks = 0;
  const counted = (id: Id): Id => ({
    get scheme() {
      looks++;
      return id.scheme;
    },
    id: id.id,
  });
  const decisions = new AclDecisions(PROVIDERS);
  const lists = [[aclOf(1, 'digest', ALICE.id)], [aclOf(1, 'digest', BOB.id)]];
  const ids = [counted(LOCAL), counted(ALICE)];
  const ask = () => lists.map(acl => decisions.allows(acl, Perms.READ, ids));
  assert.equal(ask(), [true, false]);
  const before = looks;
  for (let i = 0; i < 100; i++) ask();
  assert.is(looks, before);
  ids.push(counted(BOB));
  assert.equal(ask(), [true, true]);
});
