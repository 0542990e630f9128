import { assert, suite } from '#test';
import { CountingAcl } from '../auth/counting-acl.test-kit.ts';
import { type Acl, type Id, OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { AclCache, OPEN_ACL_KEY } from './acl-cache.ts';

const test = suite('tree: ACLs');

const ALICE: Id = { scheme: 'digest', id: 'alice:hash' };
const BOB: Id = { scheme: 'digest', id: 'bob:hash' };

function aclOf(perms: number, scheme: string, id: string): Acl {
  return { perms, id: { scheme, id } };
}

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

test('long lists are equal when all of their entries are equal', () => {
  const cache = new AclCache();
  const long = (last: string) =>
    Array.from({ length: 500 }, (_, i) => aclOf(1, 'ip', i < 499 ? '1.2.3.4' : last));
  const one = cache.acquire(long('a'));
  assert.is.not(cache.acquire(long('b')), one);
  assert.is(cache.acquire(long('a')), one);
  assert.is(cache.size, 2);
});
