import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { TreeDigest } from '../tree/digest.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { clientIdOf } from '../wire/txn.ts';
import { OutstandingChanges } from './outstanding-changes.ts';
import {
  check,
  closeSession,
  create,
  multi,
  type Op,
  PrepRig,
  remove,
  SESSION,
  setAcl,
  setData,
} from './prep.test-kit.ts';
import { CONTAINER, LOCKED, OTHER } from './prep-users.test-kit.ts';

const test = suite('processors: the digest that preparation predicts');

const SESSIONS = [SESSION, OTHER, -(1n << 56n) - 5n];
const path = fc.constantFrom('/a', '/a', '/b', '/a/a', '/a/b', '/b/a', '/zookeeper/a');
const version = fc.constantFrom(-1, -1, -1, 0, 1);
const anyData = fc.constantFrom(null, '', 'x', 'some data');
const acl = fc.constantFrom(OPEN_ACL_UNSAFE, OPEN_ACL_UNSAFE, OPEN_ACL_UNSAFE, LOCKED, null);
const plainOp: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(path, anyData, acl, fc.nat(4))
      .map(([p, data, a, flags]) =>
        create(p, { data, acl: a, flags, op: flags === CONTAINER ? OpCode.createContainer : OpCode.create2 }),
      ),
  },
  { weight: 2, arbitrary: fc.tuple(path, version).map(([p, v]) => remove(p, v)) },
  { weight: 2, arbitrary: fc.tuple(path, anyData, version).map(([p, data, v]) => setData(p, data, v)) },
  { weight: 1, arbitrary: fc.tuple(path, acl, version).map(([p, a, v]) => setAcl(p, a, v)) },
);
/** A multi may not hold setACL. */
const part = fc.oneof(
  plainOp.filter(({ op }) => op !== OpCode.setACL),
  fc.tuple(path, version).map(([p, v]) => check(p, v)),
);
type Step = { op: Op; session: bigint } | 'apply';
const step: fc.Arbitrary<Step> = fc
  .oneof(
    { weight: 6, arbitrary: fc.tuple(plainOp, fc.constantFrom(...SESSIONS)) },
    {
      weight: 3,
      arbitrary: fc.tuple(fc.array(part, { maxLength: 4 }).map(multi), fc.constantFrom(...SESSIONS)),
    },
    { weight: 2, arbitrary: fc.tuple(fc.constant(closeSession), fc.constantFrom(...SESSIONS)) },
    { weight: 5, arbitrary: fc.constant('apply' as const) },
  )
  .map(value => (value === 'apply' ? value : { op: value[0], session: value[1] }));

/** The path that the next closeSession would delete although its session does not own it. */
function strangerOf({ next, tree }: PrepRig): string | undefined {
  if (next?.body.type !== OpCode.closeSession) return undefined;
  const owner = clientIdOf(next.header);
  return next.body.paths?.find(path => tree.getNode(path)?.ephemeralOwner !== owner);
}

/** Prepares and applies the steps. Returns the first difference between prediction and tree, or null. */
function firstMismatch(steps: readonly Step[]): string | null {
  const made = new PrepRig();
  let applied = 0;
  const applyOne = (): string | null => {
    const stranger = strangerOf(made);
    if (stranger !== undefined) return `the end of a session deletes ${stranger}, which is not its own`;
    const done = made.apply();
    if (done === undefined) return null;
    applied++;
    const { body, result, predicted } = done;
    if (body.type !== OpCode.error && body.type !== OpCode.multi && result.err !== ErrorCode.OK) {
      return `transaction ${applied}, checked and found right, failed with ${result.err}`;
    }
    const actual = made.tree.digest.toBigInt();
    return actual === predicted ? null : `after transaction ${applied}: predicted ${predicted}, is ${actual}`;
  };
  for (const next of steps) {
    const problem = next === 'apply' ? applyOne() : void made.prepare(next.op, next.session);
    if (problem) return problem;
  }
  while (made.outstanding > 0) {
    const problem = applyOne();
    if (problem) return problem;
  }
  if (made.prep.changes.size > 0)
    return `${made.prep.changes.size} changes are remembered when all is applied`;
  return null;
}

test(
  'property: the predicted digest is that of the tree after each transaction, and a session’s end takes only its own',
  () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        assert.is(firstMismatch(steps), null);
      }),
      { numRuns: 1500 },
    );
  },
  { deadlineMs: 60_000 },
);

function propertyFails(): boolean {
  const property = fc.property(fc.array(step, { maxLength: 40 }), steps => firstMismatch(steps) === null);
  return fc.check(property, { numRuns: 1500 }).failed;
}

test(
  'planted: a rollback that forgets the digest, or the parents and all else, is found by the same property',
  () => {
    const changes = OutstandingChanges.prototype;
    const { begin, rollback, commit } = changes;
    const digest = new TreeDigest();
    try {
      changes.rollback = function (): void {
        const multiDigest = new TreeDigest().copyFrom(this.digest);
        rollback.call(this);
        this.digest.copyFrom(multiDigest);
      };
      assert.is(propertyFails(), true, 'digest');
      changes.begin = function (): void {
        digest.copyFrom(this.digest);
        begin.call(this);
      };
      changes.rollback = function (): void {
        commit.call(this);
        this.digest.copyFrom(digest);
      };
      assert.is(propertyFails(), true, 'records');
    } finally {
      Object.assign(changes, { begin, rollback });
    }
    assert.is(propertyFails(), false);
  },
  { deadlineMs: 60_000 },
);
