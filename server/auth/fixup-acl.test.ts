import { assert, suite } from '#test';
import type { Acl, Id } from '../wire/acl.ts';
import { ACL_ENTRIES_MAX, fixupAcl } from './fixup-acl.ts';
import { ALICE, aclOf, BOB, LOCAL, SUPER, testProviders } from './providers.test-kit.ts';

const test = suite('auth: what an ACL becomes');

const PROVIDERS = testProviders();
const LOCAL_1 = aclOf(1, 'ip', '::1');

test('what a requested ACL becomes: auth expands, duplicates go, the rest is INVALIDACL', () => {
  const world = aclOf(31, 'world', 'anyone');
  const auth = aclOf(31, 'auth', '');
  const cases: [asked: Acl[] | null, ids: Id[], becomes: Acl[] | null][] = [
    [null, [ALICE], null],
    [[], [ALICE], null],
    [[world, world], [], [world]],
    [
      [LOCAL_1, world, LOCAL_1, aclOf(2, 'ip', '::1'), world, LOCAL_1],
      [],
      [LOCAL_1, world, aclOf(2, 'ip', '::1')],
    ],
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
    assert.equal(fixupAcl(ids, asked, { charsLeft: 1000 }, PROVIDERS), becomes, JSON.stringify([asked, ids]));
  }
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
  assert.is(fixupAcl(ids, same, { charsLeft: 10_000 }, PROVIDERS)!.length, ids.length);
  const once = looks;
  assert.ok(once < 10 * ids.length, `${once} looks at 100 identities`);
  const different = Array.from({ length: 60_000 }, (_, i) => aclOf(i, 'auth', ''));
  assert.is(fixupAcl(ids, different, { charsLeft: 10_000 }, PROVIDERS), null, 'more than there is room for');
  assert.ok(looks < 20 * ids.length, `${looks} looks`);
});

test('field report B2: a list of 65,536 entries is taken, a longer one is INVALIDACL', () => {
  const entry = aclOf(1, 'world', 'anyone');
  const listOf = (entries: number) => Array.from({ length: entries }, () => entry);
  assert.equal(fixupAcl([], listOf(ACL_ENTRIES_MAX), { charsLeft: 0 }, PROVIDERS), [entry]);
  assert.is(fixupAcl([], listOf(ACL_ENTRIES_MAX + 1), { charsLeft: 0 }, PROVIDERS), null);
});
