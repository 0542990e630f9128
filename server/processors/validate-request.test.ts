import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { testProviders } from '../auth/providers.test-kit.ts';
import { type Acl, OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode, errorName } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import {
  bodyOf,
  check,
  closeSession,
  create,
  createTtl,
  multi,
  type Op,
  PrepRig,
  remove,
  setAcl,
  setData,
} from './prep.test-kit.ts';
import { isWrite } from './request.ts';
import type { Requester } from './request-rules.ts';
import { validateSync, validateWrite } from './validate-request.ts';

const test = suite('processors: validation');

const { OK, MARSHALLINGERROR, UNIMPLEMENTED } = ErrorCode;
const OPEN = OPEN_ACL_UNSAFE as Acl[];

const ANYBODY: Requester = {
  identities: () => [],
  providers: testProviders(),
  reconfigEnabled: false,
  ownerLayout: 'plain',
};
/** Connected to a server with extended types. */
const EXTENDED: Requester = { ...ANYBODY, ownerLayout: 'extended' };
/** Proven. */
const USER = { ...ANYBODY, identities: () => [{ scheme: 'digest', id: 'user:hash' }] };

const codeOf = (op: number, bytes: Buffer, requester: Requester = ANYBODY): number =>
  validateWrite(op, bytes, 0, bytes.length, requester);
const named = (op: number, bytes: Buffer): string => errorName(codeOf(op, bytes));

const GOOD: readonly Op[] = [
  ...[0, 1, 2, 3].flatMap(flags => [create('/a', { flags }), create('/a', { flags, op: OpCode.create2 })]),
  create('/a', { flags: 4, op: OpCode.createContainer }),
  remove('/a'),
  setData('/a', null),
  setAcl('/a', OPEN),
  closeSession,
  multi([]),
  multi([
    create('/a'),
    create('/a', { op: OpCode.create2, flags: 3 }),
    remove('/a'),
    setData('/a', 'x'),
    check('/a'),
  ]),
];

test('what fits its operation passes', () => {
  for (const op of GOOD) assert.is(named(op.op, bodyOf(op)), 'OK', `operation ${op.op}`);
});

test('ZOOKEEPER-2623: a bare check is refused, as are operations that are no writes or only internal', () => {
  for (const op of [
    OpCode.check,
    OpCode.getData,
    OpCode.sync,
    OpCode.notification,
    OpCode.deleteContainer,
    -1,
    99,
  ]) {
    assert.is(named(op, bodyOf(check('/a'))), 'UNIMPLEMENTED', `operation ${op}`);
  }
});

test('preparation, not validation, refuses wrong flags in a multi, because the answer names the part', () => {
  for (const op of [OpCode.create, OpCode.create2, OpCode.createContainer]) {
    const inMulti = bodyOf(multi([remove('/b'), create('/a', { flags: 7, op }), remove('/c')]));
    assert.is(named(OpCode.multi, inMulti), 'OK', `in a multi: ${op}`);
  }
});

test('createTTL is refused by itself without extended types; a multi refuses it among its other parts', () => {
  const ttl = createTtl('/a', 1000);
  assert.is(named(ttl.op, bodyOf(ttl)), 'UNIMPLEMENTED');
  assert.is(codeOf(ttl.op, bodyOf(ttl), EXTENDED), OK);
  const bytes = bodyOf(multi([create('/b'), ttl, remove('/c')]));
  assert.is(named(OpCode.multi, bytes), 'OK');
  assert.is(named(OpCode.multi, bytes.subarray(0, bytes.length - 30)), 'MARSHALLINGERROR');
});

test('a multi holds only what can be undone and read back: no setACL, no session, no other multi', () => {
  for (const part of [
    setAcl('/a', OPEN),
    multi([]),
    closeSession,
    { ...closeSession, op: OpCode.createSession },
  ]) {
    const code = codeOf(OpCode.multi, bodyOf(multi([create('/a'), part])));
    assert.ok(code === MARSHALLINGERROR || code === UNIMPLEMENTED, `${part.op}: ${code}`);
  }
});

test('a create without a list of ACLs is never forwarded, by itself or within a multi', () => {
  for (const [op, flags] of [
    [OpCode.create, 0],
    [OpCode.create2, 1],
    [OpCode.createContainer, 4],
  ] as const) {
    const none = create('/a', { op, flags, acl: null });
    assert.is(named(op, bodyOf(none)), 'INVALIDACL');
    assert.is(named(OpCode.multi, bodyOf(multi([remove('/b'), none, remove('/c')]))), 'INVALIDACL');
    const empty = create('/a', { op, flags, acl: [] });
    assert.is(named(OpCode.multi, bodyOf(multi([remove('/b'), empty]))), 'OK');
  }
});

test('a body cut anywhere is refused', () => {
  for (const op of GOOD) {
    const bytes = bodyOf(op);
    for (let cut = 0; cut < bytes.length; cut++) {
      assert.is(named(op.op, bytes.subarray(0, cut)), 'MARSHALLINGERROR', `operation ${op.op} cut at ${cut}`);
    }
  }
});

test('a sync whose path is cut is refused; any path that can be read passes, null too', () => {
  const sync = (bytes: Buffer) => errorName(validateSync(bytes, 0, bytes.length));
  const whole = Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.from('/a')]);
  for (let cut = 0; cut < whole.length; cut++)
    assert.is(sync(whole.subarray(0, cut)), 'MARSHALLINGERROR', `cut at ${cut}`);
  assert.is(sync(whole), 'OK');
  assert.is(sync(Buffer.alloc(4, 0xff)), 'OK');
});

test('field report D3: a null path is no path to setData and setACL, as upstream', () => {
  const NULL_STRING = Buffer.alloc(4, 0xff);
  for (const op of [setData('/a', 'x'), setAcl('/a', OPEN)]) {
    const rest = bodyOf(op).subarray(NULL_STRING.length + '/a'.length);
    assert.is(named(op.op, Buffer.concat([NULL_STRING, rest])), 'BADARGUMENTS', `operation ${op.op}`);
  }
});

const acl = (scheme: string, id: string): Acl[] => [{ perms: 31, id: { scheme, id } }];
const CONTAINER_OP = OpCode.createContainer;

/** Each request fails the check it is named for, and mostly also a later one, in the tree or in itself. */
const WRONG: readonly (readonly [what: string, op: Op, code: string])[] = [
  ...[7, 8, 9, 127, -1, 2 ** 31 - 1, -(2 ** 31)].flatMap(flags => [
    [`create with flags ${flags}`, create('none', { flags, acl: [] }), 'BADARGUMENTS'] as const,
    [`create2 with flags ${flags}`, create('/a', { op: OpCode.create2, flags }), 'BADARGUMENTS'] as const,
    [
      `createContainer with flags ${flags}`,
      create('/a', { op: CONTAINER_OP, flags }),
      'BADARGUMENTS',
    ] as const,
    [`createTTL with flags ${flags}`, createTtl('/a', 1000, flags), 'BADARGUMENTS'] as const,
  ]),
  ...[0, 1, 2, 3].map(
    flags =>
      [
        `createContainer with flags ${flags}`,
        create('/a', { op: CONTAINER_OP, flags }),
        'BADARGUMENTS',
      ] as const,
  ),
  ...[0, 1, 2, 3, 4].flatMap(flags =>
    [1000, 0, -1].map(
      ttl =>
        [`createTTL with flags ${flags} and ${ttl} ms`, createTtl('/a', ttl, flags), 'BADARGUMENTS'] as const,
    ),
  ),
  ...[5, 6].flatMap(flags => [
    [`create with flags ${flags}`, create('none', { flags, acl: [] }), 'UNIMPLEMENTED'] as const,
    ...[1000, 0, -1, 2 ** 45].map(
      ttl =>
        [
          `createTTL with flags ${flags} and ${ttl} ms`,
          createTtl('none', ttl, flags),
          'UNIMPLEMENTED',
        ] as const,
    ),
  ]),
  ...['', 'a', '\0', '/a\0b', '/none/a\0'].map(
    path => [`create ${JSON.stringify(path)}`, create(path, { acl: [] }), 'BADARGUMENTS'] as const,
  ),
  ...['', 'a', '/a\0b', '/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'].map(
    path => [`delete ${JSON.stringify(path)}`, remove(path, 99), 'BADARGUMENTS'] as const,
  ),
  ...['', 'a', 'a/b', '/a/', '//', '/a//b', '/a/.', '/..', '/a\0', '/\u0001', '/\uffff'].flatMap(path => [
    [`setData ${JSON.stringify(path)}`, setData(path, 'x', 99), 'BADARGUMENTS'] as const,
    [`setACL ${JSON.stringify(path)}`, setAcl(path, [], 99), 'BADARGUMENTS'] as const,
  ]),
  ...[
    [],
    null,
    acl('nobody-knows', 'x'),
    acl('digest', 'no-colon'),
    acl('digest', 'two:co:lons'),
    acl('ip', '300.1.1.1'),
    acl('world', 'someone'),
    acl('auth', ''),
    [...OPEN, ...acl('ip', '')],
  ].flatMap(list => [
    [`create with ${JSON.stringify(list)}`, create('/none/a', { acl: list }), 'INVALIDACL'] as const,
    [`setACL with ${JSON.stringify(list)}`, setAcl('/none', list, 99), 'INVALIDACL'] as const,
  ]),
];

test('a request that is wrong in itself is refused on arrival, with the code that preparation gives it', () => {
  for (const [what, op, code] of WRONG) {
    assert.is(named(op.op, bodyOf(op)), code, what);
    const rig = new PrepRig();
    for (const path of ['/a', '/zookeeper/a']) rig.run(create(path));
    const body = rig.prepare(op);
    assert.is(
      body.type === OpCode.error ? errorName(body.err) : 'OK',
      code,
      `${what}, in a tree where the parent is`,
    );
  }
});

/** Requests that are right in themselves; the tree decides the rest, in upstream's order. */
const RIGHT: readonly Op[] = [
  create('/none/.'),
  create('/a//b'),
  create('a/b'),
  create('/a/', { flags: 2 }),
  create('/a/\u0001'),
  create('/'),
  create('/a', { flags: 4 }),
  create('/a', { flags: 4, op: OpCode.create2 }),
  create('/a', { acl: acl('ip', '10.0.0.0/8') }),
  remove('/a/'),
  remove('a/b'),
  remove('/a/./b', -7),
  remove('/zookeeper/other'),
  setData('/a', null, -7),
  setAcl('/a', acl('digest', 'user:hash'), -7),
];

test('requests that the tree decides on pass: a bad path whose parent may be missing, versions, suffixes', () => {
  for (const op of RIGHT) assert.is(named(op.op, bodyOf(op)), 'OK', bodyOf(op).toString('latin1'));
});

test('with extended types, a TTL is from 1 ms to 2^40 - 1 ms, and only createTTL has one', () => {
  const code = (op: Op) => errorName(codeOf(op.op, bodyOf(op), EXTENDED));
  for (const flags of [5, 6]) {
    for (const ttlMs of [1, 1000, 2 ** 40 - 1]) assert.is(code(createTtl('/a', ttlMs, flags)), 'OK');
    for (const ttlMs of [0, -1, 2 ** 40, 2 ** 62, -(2 ** 63)])
      assert.is(code(createTtl('/a', ttlMs, flags)), 'BADARGUMENTS', `${ttlMs} ms`);
    for (const op of [OpCode.create, OpCode.create2, CONTAINER_OP])
      assert.is(code(create('/a', { op, flags })), 'BADARGUMENTS', `operation ${op}`);
  }
  assert.is(code(createTtl('a', 1)), 'BADARGUMENTS');
});

test('"auth" expands to the identities that the client has proven when it asks', () => {
  for (const op of [create('/a', { acl: acl('auth', '') }), setAcl('/a', acl('auth', 'whatever'))]) {
    assert.is(named(op.op, bodyOf(op)), 'INVALIDACL');
    assert.is(errorName(codeOf(op.op, bodyOf(op), USER)), 'OK');
    assert.is(
      errorName(
        codeOf(op.op, bodyOf(op), { ...USER, providers: testProviders({ digestAuthEnabled: false }) }),
      ),
      'INVALIDACL',
    );
  }
});

test('a list of more than a thousand entries is read only once, by the leader', () => {
  const wrong = (entries: number) =>
    bodyOf(create('/a', { acl: Array.from({ length: entries }, () => acl('ip', 'x')[0]!) }));
  assert.is(named(OpCode.create, wrong(1000)), 'INVALIDACL');
  assert.is(named(OpCode.create, wrong(1001)), 'OK');
});

test('property: preparation refuses on every tree what validation refuses', () => {
  const path = fc.constantFrom(
    '/a',
    '/a/b',
    '/a/',
    '//',
    'a',
    'a/b',
    '',
    '/',
    '/zookeeper',
    '/a/.',
    '/\0',
    '/none/x',
    '/e/x',
  );
  const flags = fc.integer({ min: -1, max: 8 });
  const lists: readonly (Acl[] | null)[] = [
    OPEN,
    [],
    null,
    acl('auth', ''),
    acl('ip', 'x'),
    acl('digest', 'a:b'),
  ];
  const op: fc.Arbitrary<Op> = fc.oneof(
    fc
      .record({
        path,
        flags,
        acl: fc.constantFrom(...lists),
        op: fc.constantFrom(OpCode.create, OpCode.create2, CONTAINER_OP),
      })
      .map(asked => create(asked.path, asked)),
    fc.tuple(path, flags, fc.integer({ min: -2, max: 2 })).map(([at, mode, ttl]) => createTtl(at, ttl, mode)),
    fc.tuple(path, fc.integer({ min: -2, max: 1 })).map(([at, version]) => remove(at, version)),
    fc.tuple(path, fc.integer({ min: -2, max: 1 })).map(([at, version]) => setData(at, 'x', version)),
    fc.tuple(path, fc.constantFrom(...lists)).map(([at, list]) => setAcl(at, list)),
  );
  let refused = 0;
  fc.assert(
    fc.property(fc.array(op, { maxLength: 12 }), ops => {
      const rig = new PrepRig();
      rig.run(create('/e', { flags: 1 }));
      for (const each of ops) {
        const code = named(each.op, bodyOf(each));
        const body = rig.run(each);
        if (code === 'OK') continue;
        refused++;
        assert.is(body.type === OpCode.error ? errorName(body.err) : 'OK', code);
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(refused > 300, `only ${refused} refused`);
});

test('property: preparation can read what passes; it never throws for a validated request', () => {
  const ops = fc.constantFrom(...Object.values(OpCode).filter(isWrite));
  const byte = fc.oneof(fc.constantFrom(0, 0, 0, 0, 1, 2, 4, 13, 47, 255), fc.nat(255));
  const rig = new PrepRig();
  let passed = 0;
  fc.assert(
    fc.property(ops, fc.array(byte, { maxLength: 60 }), (op, list) => {
      const bytes = Buffer.from(list);
      // A createSession never comes from a client: its body is written by the server that opens it.
      if (op === OpCode.createSession || codeOf(op, bytes) !== OK) return;
      passed++;
      rig.prepareBytes(op, bytes);
    }),
    { numRuns: 4000 },
  );
  assert.ok(passed > 50, `only ${passed} passed`);
});
