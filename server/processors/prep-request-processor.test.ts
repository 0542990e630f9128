import { assert, suite } from '#test';
import { type Acl, type Id, OPEN_ACL_UNSAFE, Perms } from '../wire/acl.ts';
import { ErrorCode, errorName } from '../wire/error-codes.ts';
import { JuteError } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { CreateTxn, MultiTxn, SetDataTxn } from '../wire/txn.ts';
import {
  bodyOf,
  check,
  closeSession,
  codeOf,
  create,
  createTtl,
  multi,
  type Op,
  PrepRig,
  remove,
  SESSION,
  setAcl,
  setData,
} from './prep.test-kit.ts';
import { CONTAINER, EPHEMERAL, LOCKED, OTHER, SEQUENTIAL, USER } from './prep-users.test-kit.ts';

const test = suite('processors: preparation');

const userMay = (perms: number): Acl[] => [{ perms, id: USER }];

/**
 * /locked (READ for USER only, child /locked/c), /open, /open/full with a child, /eph of SESSION, /v at data
 * and ACL version 2.
 */
function rig(): PrepRig {
  const made = new PrepRig();
  for (const op of [
    create('/locked'),
    create('/locked/c'),
    setAcl('/locked/c', LOCKED),
    setAcl('/locked', LOCKED),
    create('/open'),
    create('/open/full'),
    create('/open/full/child'),
    create('/eph', { flags: EPHEMERAL }),
    create('/v'),
    setData('/v', 'one'),
    setData('/v', 'two'),
    setAcl('/v', OPEN_ACL_UNSAFE),
    setAcl('/v', OPEN_ACL_UNSAFE),
  ]) {
    assert.is(codeOf(made.run(op)), 0);
  }
  return made;
}

const { OK, BADARGUMENTS, BADVERSION, INVALIDACL, NOAUTH, NODEEXISTS, NONODE, NOTEMPTY, UNIMPLEMENTED } =
  ErrorCode;
const { NOCHILDRENFOREPHEMERALS, RUNTIMEINCONSISTENCY } = ErrorCode;

/** Each row passes every check before the named one and fails that one, and often later ones too. */
const TABLE: readonly [what: string, op: Op, code: number][] = [
  ['create: a flag that is none, before all', create('nowhere', { flags: 7, acl: [] }), BADARGUMENTS],
  ['create: a negative flag', create('/n', { flags: -1 }), BADARGUMENTS],
  ['create: a TTL node by create, before all', create('nowhere', { flags: 5, acl: [] }), UNIMPLEMENTED],
  ['create: a sequential TTL node by create', create('/n', { flags: 6 }), UNIMPLEMENTED],
  ['create: a container by create', create('/n', { flags: CONTAINER }), OK],
  ['create: a plain node by createContainer', create('/n', { op: OpCode.createContainer }), BADARGUMENTS],
  ['create: no slash, before the ACL', create('nowhere', { acl: [] }), BADARGUMENTS],
  ['create: the ACL, before the parent', create('/none/n', { acl: [] }), INVALIDACL],
  ['create: null ACL', create('/none/n', { acl: null }), INVALIDACL],
  ['create: the parent, before the path', create('/none/.'), NONODE],
  ['create: CREATE on the parent, before the path', create('/locked/.'), NOAUTH],
  ['create: CREATE on the parent, before what exists', create('/locked/c'), NOAUTH],
  ['create: the path', create('/open/.'), BADARGUMENTS],
  ['create: the path with its number', create('/open/\u0001', { flags: SEQUENTIAL }), BADARGUMENTS],
  ['create: what exists', create('/open/full'), NODEEXISTS],
  ['create: the root', create('/'), NODEEXISTS],
  ['create: the parent is ephemeral', create('/eph/n'), NOCHILDRENFOREPHEMERALS],
  ['create', create('/open/n'), OK],
  ['create2', create('/open/n', { op: OpCode.create2 }), OK],
  ['createContainer', create('/open/n', { op: OpCode.createContainer, flags: CONTAINER }), OK],
  ['delete: the root', remove('/', 99), BADARGUMENTS],
  ['delete: built-in', remove('/zookeeper', 99), BADARGUMENTS],
  ['delete: built-in', remove('/zookeeper/quota', 99), BADARGUMENTS],
  ['delete: built-in', remove('/zookeeper/config', 99), BADARGUMENTS],
  ['delete: no slash', remove('v'), BADARGUMENTS],
  ['delete: a NUL in the path', remove('/none\0'), BADARGUMENTS],
  ['delete: no parent', remove('/none/n'), NONODE],
  ['delete: DELETE on the parent, before what is not there', remove('/locked/none'), NOAUTH],
  ['delete: what is not there', remove('/open/none', 99), NONODE],
  ['delete: DELETE on the parent, before the version', remove('/locked/c', 99), NOAUTH],
  ['delete: the version, before the children', remove('/open/full', 99), BADVERSION],
  ['delete: children', remove('/open/full', 0), NOTEMPTY],
  ['delete', remove('/open/full/child', 0), OK],
  ['setData: what is not there', setData('/none', 'x'), NONODE],
  ['setData: the path', setData('/none/', 'x'), BADARGUMENTS],
  ['setData: WRITE, before the version', setData('/locked', 'x', 99), NOAUTH],
  ['setData: the version', setData('/v', 'x', 1), BADVERSION],
  ['setData', setData('/v', 'x', 2), OK],
  ['setACL: the path, before the ACL', setAcl('/none/', []), BADARGUMENTS],
  ['setACL: the ACL, before the node', setAcl('/none', []), INVALIDACL],
  ['setACL: what is not there', setAcl('/none', OPEN_ACL_UNSAFE), NONODE],
  ['setACL: ADMIN, before the version', setAcl('/locked', OPEN_ACL_UNSAFE, 99), NOAUTH],
  ['setACL: the version of the ACL, not of the data', setAcl('/v', OPEN_ACL_UNSAFE, 1), BADVERSION],
  ['setACL', setAcl('/v', OPEN_ACL_UNSAFE, 2), OK],
];

test('facts 3: the checks, and the order in which they decide what error a client sees', () => {
  for (const [what, op, code] of TABLE) {
    const body = rig().prepare(op);
    assert.is(errorName(codeOf(body) as number), errorName(code), what);
  }
});

test('a refusal changes neither the state that later requests are checked against nor the digest', () => {
  for (const [what, op, code] of TABLE) {
    if (code === OK) continue;
    const made = rig();
    const before = made.prep.changes.digest.toBigInt();
    made.prepare(op);
    assert.is(made.prep.changes.size, 0, what);
    assert.is(made.prep.changes.digest.toBigInt(), before, what);
  }
});

test('a plain create with the container flag makes a plain node, as upstream does for the Go and Rust clients', () => {
  const made = rig();
  for (const op of [OpCode.create, OpCode.create2]) {
    const body = made.run(create(`/open/${op}`, { flags: CONTAINER, op })) as CreateTxn;
    assert.is(body.type, op);
    assert.is(body.ephemeral, false);
    assert.is(made.tree.getNode(`/open/${op}`)?.ephemeralOwner, 0n);
    assert.is(made.tree.digest.toBigInt(), made.prep.changes.digest.toBigInt());
  }
});

test('within a multi the container flag makes a container, as upstream', () => {
  for (const op of [OpCode.create, OpCode.create2]) {
    const made = rig();
    const body = made.run(
      multi([create('/open/c', { flags: CONTAINER, op }), create('/open/c/child')]),
    ) as MultiTxn;
    assert.equal(
      body.txns.map(({ type }) => type),
      [OpCode.createContainer, OpCode.create],
    );
    assert.equal([...made.tree.containers], ['/open/c']);
    assert.is(made.tree.digest.toBigInt(), made.prep.changes.digest.toBigInt());
  }
});

test('invalid flags fail a multi at the part that has them', () => {
  const bad = create('/open/n', { flags: 7 });
  assert.equal(codeOf(rig().prepare(multi([create('/open/m'), bad, create('/open/o')]))), [
    0,
    BADARGUMENTS,
    -2,
  ]);
});

test('a createTTL in a multi fails as a part of it, with UNIMPLEMENTED', () => {
  const [first, last] = [create('/open/n'), remove('/open/full/child')];
  assert.equal(codeOf(rig().prepare(multi([first, createTtl('/open/ttl', 1000), last]))), [
    0,
    UNIMPLEMENTED,
    -2,
  ]);
  assert.equal(codeOf(rig().prepare(multi([create('/'), createTtl('/open/ttl', 1000)]))), [NODEEXISTS, -2]);
});

test('check needs READ and the version; it is prepared with the version a change would make', () => {
  const made = rig();
  const one = (op: Op) => codeOf(made.run(multi([op])));
  assert.equal(one(check('/none')), [NONODE]);
  assert.equal(one(check('/none/')), [BADARGUMENTS]);
  assert.equal(one(check('/locked', 99)), [NOAUTH]);
  assert.equal(one(check('/v', 1)), [BADVERSION]);
  const { txns } = made.run(multi([check('/v', 2)])) as { txns: unknown };
  assert.equal(txns, [{ type: OpCode.check, path: '/v', version: 3 }]);
});

test('each permission opens its own operation, on the node or on its parent; super and skipACL open all', () => {
  const rows: readonly [perm: number, op: Op][] = [
    [Perms.CREATE, create('/p/new')],
    [Perms.DELETE, remove('/p/c')],
    [Perms.WRITE, setData('/p', 'x')],
    [Perms.ADMIN, setAcl('/p', OPEN_ACL_UNSAFE)],
    [Perms.READ, multi([check('/p')])],
  ];
  for (const [perm, op] of rows) {
    for (const granted of [Perms.CREATE, Perms.DELETE, Perms.WRITE, Perms.ADMIN, Perms.READ]) {
      const prepared = (ids: readonly Id[], skipAcl = false): unknown => {
        const made = new PrepRig({ skipAcl });
        made.run(create('/p'));
        made.run(create('/p/c'));
        made.run(setAcl('/p', userMay(granted)));
        return [codeOf(made.prepare(op, SESSION, ids))].flat()[0];
      };
      const allowed = op.op === OpCode.multi ? 1 : OK;
      assert.is(prepared([USER]), granted === perm ? allowed : NOAUTH, `${granted} for operation ${op.op}`);
      assert.is(prepared([]), NOAUTH);
      assert.is(prepared([{ scheme: 'super', id: '' }]), allowed);
      assert.is(prepared([], true), allowed);
    }
  }
});

test('a pending ACL counts: a request right behind setACL is checked against it', () => {
  const made = rig();
  made.prepare(setAcl('/open', LOCKED));
  assert.is(codeOf(made.prepare(create('/open/n'))), NOAUTH);
  assert.is(made.outstanding, 2);
});

test('"auth" becomes the identities the client has proven; with none it is INVALIDACL', () => {
  const auth: Acl[] = [{ perms: Perms.ALL, id: { scheme: 'auth', id: '' } }];
  const made = new PrepRig();
  const body = made.run(create('/mine', { acl: auth }), SESSION, [{ scheme: 'ip', id: '127.0.0.1' }, USER]);
  assert.equal((body as CreateTxn).acl, userMay(Perms.ALL));
  assert.is(
    codeOf(made.run(create('/n', { acl: auth }), SESSION, [{ scheme: 'ip', id: '127.0.0.1' }])),
    INVALIDACL,
  );
});

// ------------------------------------------------------------------ sequential nodes

test('the number of a sequential node counts every child ever made, pending ones too, and is never reused', () => {
  const made = new PrepRig();
  made.run(create('/q'));
  const next = (): string => (made.prepare(create('/q/n-', { flags: SEQUENTIAL })) as CreateTxn).path;
  assert.is(next(), '/q/n-0000000000');
  assert.is(next(), '/q/n-0000000001');
  made.applyAll();
  made.run(create('/q/plain'));
  made.run(remove('/q/n-0000000001'));
  assert.is(next(), '/q/n-0000000003');
  assert.is((made.prepare(create('/q/', { flags: SEQUENTIAL })) as CreateTxn).path, '/q/0000000004');
});

test('the number wraps below zero after 2^31-1, and goes on to where it began, as upstream’s does', () => {
  const rows: readonly [cversion: number, suffix: string][] = [
    [0x7fff_ffff, '2147483647'],
    [-0x8000_0000, '-2147483648'],
    [-1_234_567, '-001234567'],
    [-1, '-000000001'],
  ];
  for (const [cversion, suffix] of rows) {
    const made = new PrepRig();
    made.run(create('/q'));
    made.tree.getNode('/q')!.cversion = cversion;
    const body = made.prepare(create('/q/', { flags: SEQUENTIAL })) as CreateTxn;
    assert.is(body.path, `/q/${suffix}`);
    assert.is(body.parentCVersion, (cversion + 1) | 0);
    made.applyAll();
    assert.is(made.tree.getNode('/q')!.cversion, (cversion + 1) | 0, 'applied');
  }
});

// ------------------------------------------------------------------ versions

test('ZOOKEEPER-4743: versions of data and ACL skip -1, which means any version to clients', () => {
  for (const field of ['version', 'aversion'] as const) {
    for (const [before, after] of [
      [0x7fff_ffff, -0x8000_0000],
      [-2, 0],
      [-3, -2],
    ] as const) {
      const made = new PrepRig();
      made.run(create('/v'));
      made.tree.getNode('/v')![field] = before;
      const op = field === 'version' ? setData('/v', 'x', before) : setAcl('/v', OPEN_ACL_UNSAFE, before);
      assert.is((made.run(op) as SetDataTxn).version, after);
      assert.is(made.tree.getNode('/v')![field], after);
    }
  }
});

test('each of many pipelined writes sees the ones before it', () => {
  const made = new PrepRig();
  const codes = [
    create('/a'),
    create('/a/b'),
    setData('/a/b', 'x', 0),
    setData('/a/b', 'y', 0),
    setData('/a/b', 'y', 1),
    remove('/a'),
    remove('/a/b', 2),
    remove('/a/b'),
    remove('/a'),
    create('/a/c'),
    create('/a'),
  ].map(op => codeOf(made.prepare(op)));
  assert.equal(codes, [OK, OK, OK, BADVERSION, OK, NOTEMPTY, OK, NONODE, OK, NONODE, OK]);
  made.applyAll();
  assert.is(made.prep.changes.size, 0, 'nothing is remembered of what is applied');
});

// ------------------------------------------------------------------ multi

test('a multi is all or nothing: parts before the failing one report 0, that one its code, later ones -2', () => {
  const made = rig();
  const body = made.prepare(multi([create('/m'), check('/v', 99), remove('/open'), setData('/open', 'x')]));
  assert.equal(codeOf(body), [OK, BADVERSION, RUNTIMEINCONSISTENCY, RUNTIMEINCONSISTENCY]);
  made.applyAll();
  assert.is(made.tree.getNode('/m'), undefined);
});

test('ZOOKEEPER-4026: a create2 is logged as a create, because Apache up to 3.8.1 skips a part of type create2', () => {
  const made = new PrepRig();
  const body = made.run(
    multi([create('/m', { op: OpCode.create2 }), create('/m/n', { op: OpCode.create2 })]),
  );
  assert.equal(codeOf(body), [OpCode.create, OpCode.create]);
  assert.ok(made.tree.getNode('/m/n'));
});

test('the parts of a multi see the parts before them', () => {
  const made = new PrepRig();
  const body = made.run(
    multi([create('/m'), create('/m/s-', { flags: SEQUENTIAL }), setData('/m', 'x', 0), check('/m', 1)]),
  );
  assert.equal(codeOf(body), [1, 1, 1, 1]);
  assert.ok(made.tree.getNode('/m/s-0000000000'));
});

test('a failed multi leaves no trace in pending parents, numbers, versions and children', () => {
  const made = new PrepRig();
  made.run(create('/p'));
  made.run(create('/p/old'));
  made.prepare(create('/p/pending'));
  const digest = made.prep.changes.digest.toBigInt();
  const failing = multi([
    create('/p/n'),
    create('/p/n/deep'),
    remove('/p/old'),
    setData('/p/pending', 'x'),
    remove('/p/pending'),
    create('/p/pending', { flags: EPHEMERAL }),
    check('/p', 99),
  ]);
  made.prepare(failing);
  assert.is(made.prep.changes.digest.toBigInt(), digest);
  assert.is((made.prepare(create('/p/s', { flags: SEQUENTIAL })) as CreateTxn).path, '/p/s0000000002');
  assert.is(codeOf(made.prepare(setData('/p/pending', 'x', 0))), OK);
  assert.is(codeOf(made.prepare(remove('/p/old', 0))), OK);
  assert.is(codeOf(made.prepare(create('/p/n/deep'))), NONODE);
  made.applyAll();
  assert.is(made.tree.digest.toBigInt(), made.prep.changes.digest.toBigInt());
});

test('a multi with an unreadable part is rolled back and throws', () => {
  const made = new PrepRig();
  const bytes = bodyOf(multi([create('/a'), create('/a/b'), create('/c')]));
  for (let cut = 0; cut < bytes.length; cut++) {
    assert.throws(
      () => made.prepareBytes(OpCode.multi, bytes.subarray(0, cut)),
      (error: unknown) => error instanceof JuteError,
    );
    assert.is(made.prep.changes.size, 0, `cut at ${cut}`);
  }
  assert.is(made.prep.changes.digest.toBigInt(), made.tree.digest.toBigInt());
});

test('ZOOKEEPER-2623: a forwarded request that no server could read back is refused', () => {
  const made = new PrepRig();
  assert.is(codeOf(made.prepare(check('/'))), ErrorCode.UNIMPLEMENTED);
  assert.is(codeOf(made.prepare({ op: OpCode.getData, write() {} })), ErrorCode.UNIMPLEMENTED);
  const strays = [
    setAcl('/', OPEN_ACL_UNSAFE),
    multi([]),
    closeSession,
    { ...closeSession, op: OpCode.createSession },
  ];
  for (const stray of strays) {
    for (const before of [[], [create('/a')], [create('/none/n')]]) {
      assert.throws(() => made.prepare(multi([...before, stray])), /a multi cannot contain operation/);
      assert.is(made.prep.changes.size, 0);
    }
  }
});

// ------------------------------------------------------------------ sessions

test('closeSession deletes the ephemerals of its session, applied and pending, and no others', () => {
  const made = new PrepRig();
  made.run(create('/applied', { flags: EPHEMERAL }));
  made.run(create('/gone', { flags: EPHEMERAL }));
  made.run(create('/others', { flags: EPHEMERAL }), OTHER);
  made.prepare(create('/pending', { flags: EPHEMERAL }));
  made.prepare(remove('/gone'));
  const { paths } = made.prepare(closeSession) as { paths: string[] };
  assert.equal([...paths].sort(), ['/applied', '/pending']);
  made.applyAll();
  assert.equal([...made.tree.sessionsWithEphemerals.keys()], [OTHER]);
});

test('closeSession spares a node of the same path that another session is about to own', () => {
  for (const flags of [0, EPHEMERAL]) {
    const made = new PrepRig();
    made.run(create('/leader', { flags: EPHEMERAL }));
    // A recipe takes over: its delete and create are under way when the session of the former owner ends.
    made.prepare(remove('/leader'), OTHER);
    made.prepare(create('/leader', { flags, data: 'mine now' }), OTHER);
    const { paths } = made.prepare(closeSession) as { paths: string[] };
    assert.equal(paths, []);
    made.applyAll();
    assert.is(String(made.tree.getNode('/leader')?.data), 'mine now');
    assert.is(made.tree.digest.toBigInt(), made.prep.changes.digest.toBigInt());
  }
});

// ------------------------------------------------------------------ the predicted digest
