import { assert, suite } from '#test';
import { fc } from '#test/properties';
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
import { validateWrite } from './validate-request.ts';

const test = suite('processors: validation');

const { OK, MARSHALLINGERROR, UNIMPLEMENTED } = ErrorCode;
const OPEN = OPEN_ACL_UNSAFE as Acl[];

const codeOf = (op: number, bytes: Buffer): number => validateWrite(op, bytes, 0, bytes.length);
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

test('2623: a bare check is refused, as is every operation that is no write, and those inside only', () => {
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

test('whether flags fit is said of one part among the others: preparation refuses them, validation does not', () => {
  for (const op of [OpCode.create, OpCode.create2, OpCode.createContainer]) {
    const bytes = bodyOf(create('/a', { flags: 7, op }));
    assert.is(named(op, bytes), 'OK', `operation ${op}`);
    const inMulti = bodyOf(multi([remove('/b'), create('/a', { flags: 7, op }), remove('/c')]));
    assert.is(named(OpCode.multi, inMulti), 'OK', `in a multi: ${op}`);
  }
});

test('createTTL: unknown by itself; in a multi it passes, for its refusal to stand among the other parts', () => {
  const ttl = createTtl('/a', 1000);
  assert.is(named(ttl.op, bodyOf(ttl)), 'UNIMPLEMENTED');
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

test('a create without a list of ACLs does not leave for the leader within a multi; by itself it may, to be refused there', () => {
  for (const [op, flags] of [
    [OpCode.create, 0],
    [OpCode.create2, 1],
    [OpCode.createContainer, 4],
  ] as const) {
    const none = create('/a', { op, flags, acl: null });
    assert.is(named(op, bodyOf(none)), 'OK');
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

test('property: what passes, preparation can read; it never throws for what was validated', () => {
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
