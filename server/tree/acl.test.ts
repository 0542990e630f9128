import { assert, suite } from '#test';
import { parseIpRange } from '../runtime/ip-address.ts';
import { type Acl, type Id, OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ACL_ENTRIES_MAX, digestId, fixupAcl, hashNamed } from './acl.ts';
import { AclCache, OPEN_ACL_KEY } from './acl-cache.ts';
import { CountingAcl } from './counting-acl.test-kit.ts';

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
  // From DigestAuthenticationProvider.generateDigest of 3.8.0 with each digestAlg.
  const ofApache: [digestAlg: string, id: string][] = [
    ['MD5', 'user:IaOShYhKJo1kWOP96wi+rA=='],
    ['SHA', 'user:smGaoVKd/cQkjm7b88GyorAUz20='],
    ['sha-1', 'user:smGaoVKd/cQkjm7b88GyorAUz20='],
    ['SHA-224', 'user:PkKzWnuMzJ0rpktz4O5hvSZFw/3yZFIfOizv2Q=='],
    ['SHA256', 'user:70yRTFkWmLJo2zxkFj6v2nIJpjDyNuvw7r8EVGDfcjo='],
    ['SHA-256', 'user:70yRTFkWmLJo2zxkFj6v2nIJpjDyNuvw7r8EVGDfcjo='],
    ['SHA-384', 'user:HCMIuQnSVR4Ge6EqefZYDR5jDoZgKCFDqLIj+NFPNcMCWoRCnlIHxYGRib8lxoES'],
    ['SHA-512/256', 'user:htaDe+W52JZuBc/SaAa/Dg0Gkh4PRC+urDUOsga/86s='],
    ['SHA3-256', 'user:MKfo05p7nYw1Yb/bzA4GEyZLUt02iFpxN0ASiDBnsjw='],
  ];
  for (const [digestAlg, id] of ofApache)
    assert.is(digestId('user:pass', hashNamed(digestAlg)), id, digestAlg);
  for (const unknown of ['', 'SHA-2', 'SHA3_256', 'MD2', 'crc32', '__proto__', 'constructor'])
    assert.is(hashNamed(unknown), undefined);
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
    assert.equal(fixupAcl(ids, asked, { charsLeft: 1000 }), becomes, JSON.stringify([asked, ids]));
  }
  const withSasl = new Set(['sasl']);
  const none = { charsLeft: 0 };
  assert.equal(fixupAcl([], [aclOf(1, 'sasl', 'alice')], none, withSasl), [aclOf(1, 'sasl', 'alice')]);
  assert.is(fixupAcl([], [aclOf(1, 'sasl', '')], none, withSasl), null);
});

test('field report B2: "auth" costs what it stands for, however often a list says it', () => {
  let looks = 0;
  const ids = Array.from({ length: 100 }, (_, i): Id => {
    const id = `user${i}:hash`;
    return {
      get scheme() {
        looks++;
        return 'digest';
      },
      id,
    };
  });
  const same = Array.from({ length: 60_000 }, () => aclOf(31, 'auth', ''));
  assert.is(fixupAcl(ids, same, { charsLeft: 10_000 })!.length, ids.length);
  const once = looks;
  assert.ok(once < 10 * ids.length, `${once} looks at 100 identities`);
  const different = Array.from({ length: 60_000 }, (_, i) => aclOf(i, 'auth', ''));
  assert.is(fixupAcl(ids, different, { charsLeft: 10_000 }), null, 'more than there is room for');
  assert.ok(looks < 20 * ids.length, `${looks} looks`);
});

test('field report B2: a list of 65,536 entries is taken, a longer one is INVALIDACL', () => {
  const entry = aclOf(1, 'world', 'anyone');
  const listOf = (entries: number) => Array.from({ length: entries }, () => entry);
  assert.equal(fixupAcl([], listOf(ACL_ENTRIES_MAX), { charsLeft: 0 }), [entry]);
  assert.is(fixupAcl([], listOf(ACL_ENTRIES_MAX + 1), { charsLeft: 0 }), null);
});

test('what is no address or range', () => {
  for (const bad of [
    '',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.4/',
    '1.2.3.4/-1',
    '1.2.3.4/ 1',
    '1.2.3.4/0032',
    '1.2.3.0004',
    '1.2.3.+4',
    '1::2::3',
    '1:2',
    ':::',
    'g::1',
  ]) {
    assert.is(parseIpRange(bad), null, bad);
  }
  assert.equal(parseIpRange('1.2.3.004/08'), { bytes: [1, 2, 3, 4], bits: 8 });
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

test('field report B2: the key of a shared list, and sharing it again, look at no entry of it', () => {
  const cache = new AclCache();
  const [one, other] = [new CountingAcl(1000), new CountingAcl(1000)];
  const lists = [cache.acquire([...one.acl]), cache.acquire([...other.acl, ...other.acl])];
  const before = one.reads + other.reads;
  for (let node = 0; node < 10; node++) {
    for (const acl of lists) {
      assert.is(cache.acquire(acl), acl);
      cache.keyOf(acl);
    }
  }
  assert.is(one.reads + other.reads, before);
});

test('long lists are equal when all of their entries are', () => {
  const cache = new AclCache();
  const long = (last: string) =>
    Array.from({ length: 500 }, (_, i) => aclOf(1, 'ip', i < 499 ? '1.2.3.4' : last));
  const one = cache.acquire(long('a'));
  assert.is.not(cache.acquire(long('b')), one);
  assert.is(cache.acquire(long('a')), one);
  assert.is(cache.size, 2);
});
