import { assert, suite } from '#test';
import { type Acl, type Id, OPEN_ACL_UNSAFE, Perms, READ_ACL_UNSAFE } from '../wire/acl.ts';
import { aclAllows, digestId, fixupAcl } from './acl.ts';
import { AclCache, OPEN_ACL_KEY } from './acl-cache.ts';
import { ipMatches, parseIpRange } from './ip-address.ts';

const test = suite('tree: ACLs');

const ALICE: Id = { scheme: 'digest', id: 'alice:hash' };
const BOB: Id = { scheme: 'digest', id: 'bob:hash' };
const LOCAL: Id = { scheme: 'ip', id: '127.0.0.1' };
const SUPER: Id = { scheme: 'super', id: '' };

function aclOf(perms: number, scheme: string, id: string): Acl {
  return { perms, id: { scheme, id } };
}

test('the digest identity of upstream, and those of other algorithms', () => {
  assert.is(digestId('user:pass'), 'user:smGaoVKd/cQkjm7b88GyorAUz20=');
  assert.is(digestId('super:test'), 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=');
  assert.match(digestId('user:pass', 'SHA-256'), /^user:.{44}$/);
  assert.match(digestId('user:pass', 'SHA3-256'), /^user:.{44}$/);
});

test('who is let in', () => {
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
    [false, [aclOf(1, 'ip', '127.0.0.1')], Perms.READ, [{ scheme: 'digest', id: '127.0.0.1' }]],
    [false, [aclOf(1, 'world', 'someone')], Perms.READ, [LOCAL]],
  ];
  for (const [allowed, acl, perm, ids] of cases) {
    assert.is(aclAllows(acl, perm, ids), allowed, JSON.stringify([acl, perm, ids]));
  }
});

test('what a requested ACL becomes: auth expands, duplicates go, the rest is INVALIDACL', () => {
  const world = aclOf(31, 'world', 'anyone');
  const auth = aclOf(31, 'auth', '');
  const cases: [asked: Acl[] | null, ids: Id[], becomes: Acl[] | null][] = [
    [null, [ALICE], null],
    [[], [ALICE], null],
    [[world, world], [], [world]],
    [[auth], [LOCAL], null],
    [[auth], [LOCAL, SUPER], null],
    [[auth], [LOCAL, ALICE, BOB], [aclOf(31, 'digest', ALICE.id), aclOf(31, 'digest', BOB.id)]],
    [[{ perms: 31, id: ALICE }, auth], [ALICE], [{ perms: 31, id: ALICE }]],
    [[{ perms: 1, id: ALICE }, auth], [ALICE], [aclOf(1, 'digest', ALICE.id), aclOf(31, 'digest', ALICE.id)]],
    [[aclOf(1, 'world', 'someone')], [], null],
    [[aclOf(1, 'digest', 'no-colon')], [], null],
    [[aclOf(1, 'digest', 'a:b:c')], [], null],
    [[aclOf(1, 'digest', 'user:')], [], null],
    [[aclOf(1, 'ip', '10.0.0.0/8')], [], [aclOf(1, 'ip', '10.0.0.0/8')]],
    [[aclOf(1, 'ip', '10.0.0.0/33')], [], null],
    [[aclOf(1, 'sasl', 'alice')], [], null],
    [[aclOf(1, '', '')], [], null],
    [[world, aclOf(1, 'unknown', 'x')], [], null],
  ];
  for (const [asked, ids, becomes] of cases) {
    assert.equal(fixupAcl(ids, asked), becomes, JSON.stringify([asked, ids]));
  }
  const withSasl = new Set(['sasl']);
  assert.equal(fixupAcl([], [aclOf(1, 'sasl', 'alice')], withSasl), [aclOf(1, 'sasl', 'alice')]);
  assert.is(fixupAcl([], [aclOf(1, 'sasl', '')], withSasl), null);
});

test('addresses match their ranges', () => {
  const cases: [matches: boolean, address: string, range: string][] = [
    [true, '10.1.2.3', '10.1.2.3'],
    [true, '10.1.2.3', '10.1.0.0/16'],
    [true, '10.1.2.3', '0.0.0.0/0'],
    [true, '10.1.2.3', '10.1.2.2/31'],
    [false, '10.1.2.4', '10.1.2.2/31'],
    [false, '10.1.2.3', '10.1.2.3/x'],
    [true, '::ffff:10.1.2.3', '10.1.0.0/16'],
    [true, 'fe80::1', 'fe80::/10'],
    [false, 'fec0::1', 'fe80::/10'],
    [true, '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    [false, '::1', '127.0.0.1'],
    [false, 'localhost', '127.0.0.1'],
  ];
  for (const [matches, address, range] of cases) {
    assert.is(ipMatches(address, range), matches, `${address} in ${range}`);
  }
  for (const bad of [
    '',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    '1.2.3.4/',
    '1.2.3.4/-1',
    '1::2::3',
    '1:2',
    ':::',
    'g::1',
  ]) {
    assert.is(parseIpRange(bad), null, bad);
  }
});

test('equal ACL lists are one object, kept as long as a node holds it', () => {
  const cache = new AclCache();
  const one = cache.acquire([{ perms: 1, id: ALICE }]);
  const two = cache.acquire([{ perms: 1, id: { ...ALICE } }]);
  assert.is(one, two);
  assert.is.not(cache.acquire([{ perms: 1, id: BOB }]), one);
  assert.is(cache.acquire([aclOf(31, 'world', 'anyone')]), OPEN_ACL_UNSAFE);
  assert.is(cache.keyOf(OPEN_ACL_UNSAFE), OPEN_ACL_KEY);
  assert.is(cache.size, 2);
  assert.throws(() => cache.keyOf([{ perms: 1, id: ALICE }]), /not shared/);
  cache.release(one);
  assert.is(cache.get(cache.keyOf(one)), one);
  cache.release(one);
  assert.is(cache.size, 1);
  assert.is(cache.get(1), undefined);
});

test('an ACL map that was loaded keeps its keys, and loses what no node uses', () => {
  const cache = new AclCache();
  cache.load(7, [{ perms: 1, id: ALICE }]);
  cache.load(9, [{ perms: 1, id: BOB }]);
  cache.load(11, [{ perms: 1, id: ALICE }]);
  assert.is(cache.get(7), cache.get(11));
  const held = cache.acquire(cache.get(11)!);
  cache.purgeUnused();
  assert.equal([...cache.entries()], [[7, held]]);
  assert.is(cache.get(9), undefined);
  assert.is(cache.get(11), undefined);
  const later = cache.acquire([{ perms: 2, id: BOB }]);
  assert.is(cache.keyOf(later), 12);
});
