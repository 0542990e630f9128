import fc from 'fast-check';
import { assert, suite } from '#test';
import { body } from '../memory-client.test-kit.ts';
import { digestId } from '../tree/acl.ts';
import { DataTree } from '../tree/data-tree.ts';
import { type Acl, OPEN_ACL_UNSAFE, Perms } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import type { JuteWriter } from '../wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writeSetAclRequest } from '../wire/requests.ts';
import type { MultiTxn, TxnBody } from '../wire/txn.ts';
import { PrepRequestProcessor } from './prep-request-processor.ts';
import { type Asked, requestOf } from './request.test-kit.ts';

const test = suite('processors: preparation');

const E = ErrorCode;
const USER = { scheme: 'digest', id: digestId('user:pass') };
const READ_ONLY: readonly Acl[] = [{ perms: Perms.READ, id: { scheme: 'world', id: 'anyone' } }];
const USERS_ONLY: readonly Acl[] = [{ perms: Perms.ALL, id: USER }];

interface Prepared {
  readonly zxid: number;
  readonly body: TxnBody;
  readonly session: number;
  /** Of the tree once this is applied. */
  readonly digest: string;
}

/** A leader's tree, and what has been prepared on top of it. */
class Bench {
  readonly tree = new DataTree();
  readonly prep = new PrepRequestProcessor(this.tree, { skipAcl: false });
  readonly outstanding: Prepared[] = [];
  zxid = 0;

  prepare(asked: Asked): TxnBody {
    const zxid = ++this.zxid;
    const prepared = this.prep.prepare(requestOf(asked), zxid, 1_000 + zxid);
    const digest = this.prep.changes.digest.toBigInt().toString(16);
    this.outstanding.push({ zxid, body: prepared, session: asked.session ?? 1, digest });
    return prepared;
  }

  /** Applies the oldest. False when nothing is outstanding. */
  apply(): boolean {
    const head = this.outstanding.shift();
    if (head === undefined) return false;
    const { zxid, body: txn, session } = head;
    const header = { clientHigh: 0, clientLow: session, cxid: 1, zxid, time: 1_000 + zxid, type: txn.type };
    this.tree.processTxn(header, txn);
    this.prep.changes.release(zxid);
    assert.is(this.tree.digest.toBigInt().toString(16), head.digest, `after ${zxid}: ${JSON.stringify(txn)}`);
    return true;
  }

  applyAll(): void {
    while (this.apply());
    assert.is(this.prep.changes.size, 0, 'records of what is applied are released');
  }

  /** 0, or the code of the refusal. */
  code(asked: Asked): number {
    const txn = this.prepare(asked);
    return txn.type === OpCode.error ? txn.err : 0;
  }
}

const create = (path: string, flags = 0, acl?: readonly Acl[] | null): Asked => ({
  op: flags === 4 ? OpCode.createContainer : OpCode.create,
  body: w =>
    body.create(path, 'data', flags, acl === undefined ? OPEN_ACL_UNSAFE : (acl as readonly Acl[]))(w),
});
const remove = (path: string, version = -1): Asked => ({
  op: OpCode.delete,
  body: body.delete(path, version),
});
const set = (path: string, version = -1): Asked => ({
  op: OpCode.setData,
  body: body.setData(path, 'new', version),
});
const setAcl = (path: string, acl: readonly Acl[], version = -1): Asked => ({
  op: OpCode.setACL,
  body: w => writeSetAclRequest(w, { path, acl, version }),
});
const check = (path: string, version = -1): Asked => ({ op: OpCode.check, body: body.delete(path, version) });

function multi(...parts: Asked[]): Asked {
  return {
    op: OpCode.multi,
    body: (w: JuteWriter) => {
      for (const part of parts) {
        writeMultiHeader(w, part.op, false, -1);
        part.body?.(w);
      }
      writeMultiEnd(w);
    },
  };
}

test('create: every refusal, and which comes first', () => {
  const bench = new Bench();
  bench.prepare(create('/open'));
  bench.prepare(create('/closed', 0, READ_ONLY));
  bench.prepare(create('/ephemeral', 1));
  const cases: [string, Asked, number][] = [
    ['a flag below zero, before all else', create('no slash', -1, []), E.BADARGUMENTS],
    ['a flag of another operation', { ...create('/x', 4), op: OpCode.create }, E.BADARGUMENTS],
    ['a container by another mode', { ...create('/x', 0), op: OpCode.createContainer }, E.BADARGUMENTS],
    ['a path without a slash, before its ACL', create('nothing', 0, []), E.BADARGUMENTS],
    ['an empty ACL, before the parent', create('/none/x', 0, []), E.INVALIDACL],
    [
      'a null ACL',
      { op: OpCode.create, body: w => body.create('/x', null, 0, null as never)(w) },
      E.INVALIDACL,
    ],
    [
      'an ACL of nobody known',
      create('/x', 0, [{ perms: 31, id: { scheme: 'kerberos', id: 'x' } }]),
      E.INVALIDACL,
    ],
    ['auth without one', create('/x', 0, [{ perms: 31, id: { scheme: 'auth', id: '' } }]), E.INVALIDACL],
    ['no parent', create('/none/x'), E.NONODE],
    ['no right on the parent, before the path is looked at', create('/closed/'), E.NOAUTH],
    ['a bad path', create('/open/'), E.BADARGUMENTS],
    ['a relative path', create('/open/..'), E.BADARGUMENTS],
    ['a node that is there', create('/open'), E.NODEEXISTS],
    ['the root', create('/'), E.NODEEXISTS],
    ['an ephemeral parent', create('/ephemeral/x'), E.NOCHILDRENFOREPHEMERALS],
    ['all well', create('/open/x'), 0],
  ];
  for (const [name, asked, code] of cases) assert.is(bench.code(asked), code, name);
  bench.applyAll();
});

test('delete, setData, setACL, check: every refusal', () => {
  const bench = new Bench();
  for (const asked of [
    create('/a'),
    create('/a/b'),
    create('/closed', 0, READ_ONLY),
    create('/users', 0, USERS_ONLY),
    set('/a'),
  ])
    bench.prepare(asked);
  const cases: [string, Asked, number][] = [
    ['delete /', remove('/'), E.BADARGUMENTS],
    ['delete /zookeeper', remove('/zookeeper'), E.BADARGUMENTS],
    ['delete /zookeeper/quota', remove('/zookeeper/quota'), E.BADARGUMENTS],
    ['delete /zookeeper/config', remove('/zookeeper/config'), E.BADARGUMENTS],
    ['delete without a slash', remove('a'), E.BADARGUMENTS],
    ['delete nothing', remove('/none'), E.NONODE],
    ['delete another version', remove('/a', 7), E.BADVERSION],
    ['delete a parent: the version first', remove('/a', 7), E.BADVERSION],
    ['delete a parent', remove('/a', 1), E.NOTEMPTY],
    ['setData of nothing', set('/none'), E.NONODE],
    ['setData of a bad path', set('/a/'), E.BADARGUMENTS],
    ['setData without the right, before the version', set('/closed', 9), E.NOAUTH],
    ['setData of another version', set('/a', 0), E.BADVERSION],
    ['setACL of a bad path', setAcl('a', OPEN_ACL_UNSAFE), E.BADARGUMENTS],
    ['setACL to nothing, before the node', setAcl('/none', []), E.INVALIDACL],
    ['setACL of nothing', setAcl('/none', OPEN_ACL_UNSAFE), E.NONODE],
    ['setACL without the right', setAcl('/closed', OPEN_ACL_UNSAFE, 9), E.NOAUTH],
    ['setACL of another version', setAcl('/a', OPEN_ACL_UNSAFE, 9), E.BADVERSION],
    ['with the right', { ...set('/users'), ids: [USER] }, 0],
    ['delete, all well', remove('/a/b', 0), 0],
    ['delete twice', remove('/a/b', 0), E.NONODE],
    ['setACL, all well', setAcl('/a', READ_ONLY, 0), 0],
    ['and it counts at once', set('/a'), E.NOAUTH],
  ];
  for (const [name, asked, code] of cases) assert.is(bench.code(asked), code, name);
  bench.applyAll();
});

test('sequential names count every child ever made, and go on past what is pending', () => {
  const bench = new Bench();
  bench.prepare(create('/q'));
  const made = [0, 1, 2].map(() => (bench.prepare(create('/q/n-', 2)) as { path: string }).path);
  assert.equal(made, ['/q/n-0000000000', '/q/n-0000000001', '/q/n-0000000002']);
  bench.prepare(remove('/q/n-0000000001'));
  bench.prepare(create('/q/other'));
  bench.applyAll();
  assert.is((bench.prepare(create('/q/n-', 2)) as { path: string }).path, '/q/n-0000000004');
  bench.tree.getNode('/q')!.cversion = 0x7fff_ffff;
  const wrapping = new PrepRequestProcessor(bench.tree, { skipAcl: false });
  const names = [100, 101].map(
    zxid => (wrapping.prepare(requestOf(create('/q/n-', 2)), zxid, 0) as { path: string }).path,
  );
  assert.equal(names, ['/q/n-2147483647', '/q/n--2147483648']);
});

test('a version that wraps skips -1, which means "any" (4743)', () => {
  const bench = new Bench();
  bench.prepare(create('/a'));
  bench.applyAll();
  bench.tree.getNode('/a')!.version = -2;
  assert.is((bench.prepare(set('/a')) as { version: number }).version, 0);
  const other = new Bench();
  other.prepare(create('/a'));
  other.applyAll();
  other.tree.getNode('/a')!.version = 0x7fff_ffff;
  assert.is((other.prepare(set('/a')) as { version: number }).version, -0x8000_0000);
});

test('multi: codes of the parts, and everything put back, parents too', () => {
  const bench = new Bench();
  bench.prepare(create('/p'));
  bench.prepare(create('/p/pending'));
  const before = bench.prep.changes.digest.toBigInt();
  const failed = bench.prepare(
    multi(create('/p/a'), set('/p/pending'), remove('/p/pending'), check('/p', 9), create('/p/b')),
  ) as MultiTxn;
  assert.equal(
    failed.txns.map(txn => (txn.type === OpCode.error ? txn.err : txn.type)),
    [0, 0, 0, E.BADVERSION, E.RUNTIMEINCONSISTENCY],
  );
  assert.is(bench.prep.changes.digest.toBigInt(), before);
  // The parent's counter was put back: the name is free, and so is the number.
  assert.is((bench.prepare(create('/p/n', 2)) as { path: string }).path, '/p/n0000000001');
  assert.is(bench.code(set('/p/pending', 0)), 0);
  const good = bench.prepare(
    multi(create('/p/a'), create('/p/a/b'), set('/p/a'), remove('/p/a/b'), check('/p/a', 1)),
  );
  assert.equal(
    (good as MultiTxn).txns.map(txn => txn.type),
    [1, 1, 5, 2, 13],
  );
  assert.equal((bench.prepare(multi()) as MultiTxn).txns, []);
  bench.applyAll();
});

test('2623: what a foreign learner forwards and no server could read back is refused', () => {
  const bench = new Bench();
  assert.is(bench.code(check('/')), E.UNIMPLEMENTED);
  assert.is(bench.code({ op: OpCode.getData, body: body.read('/') }), E.UNIMPLEMENTED);
  for (const part of [
    setAcl('/', OPEN_ACL_UNSAFE),
    multi(),
    { op: OpCode.closeSession },
    { op: OpCode.createSession },
  ]) {
    const before = bench.prep.changes.digest.toBigInt();
    assert.throws(() => bench.prepare(multi(create('/a'), part)), /multi with operation/);
    assert.is(bench.prep.changes.digest.toBigInt(), before);
    assert.is(bench.prep.changes.find('/a'), undefined);
  }
});

test('closeSession takes what is in the tree and what is pending, of its own session alone (4541)', () => {
  const bench = new Bench();
  const as = (session: number, asked: Asked): Asked => ({ ...asked, session });
  bench.prepare(as(1, create('/one', 1)));
  bench.prepare(as(2, create('/two', 1)));
  bench.applyAll();
  bench.prepare(as(1, create('/pending', 3)));
  bench.prepare(as(1, create('/gone', 1)));
  bench.prepare(as(1, remove('/gone')));
  const closed = bench.prepare({ op: OpCode.closeSession, session: 1 }) as { paths: string[] };
  assert.equal([...closed.paths].sort(), ['/one', '/pending0000000002']);
  assert.is(bench.prep.changes.find('/one'), undefined);
  bench.applyAll();
  assert.is(bench.tree.ephemeralsOf(1n), undefined);
  assert.equal([...(bench.tree.ephemeralsOf(2n) ?? [])], ['/two']);
});

// ------------------------------------------------------------------ random histories

const path = fc.constantFrom('/a', '/b', '/a/c', '/a/d', '/a/c/e', '/b/f', '/zookeeper/quota/a');
const version = fc.constantFrom(-1, -1, -1, 0, 1);
const acl = fc.constantFrom<readonly Acl[]>(
  OPEN_ACL_UNSAFE,
  OPEN_ACL_UNSAFE,
  OPEN_ACL_UNSAFE,
  READ_ONLY,
  USERS_ONLY,
  [],
);
const part = fc.oneof(
  fc.tuple(path, fc.constantFrom(0, 0, 1, 2, 3, 4), acl).map(([at, flags, list]) => create(at, flags, list)),
  fc.tuple(path, version).map(([at, wanted]) => remove(at, wanted)),
  fc.tuple(path, version).map(([at, wanted]) => set(at, wanted)),
);
const multiPart = fc.oneof(
  part,
  fc.tuple(path, version).map(([at, wanted]) => check(at, wanted)),
);
const command = fc.oneof(
  { weight: 6, arbitrary: part },
  { weight: 2, arbitrary: fc.array(multiPart, { maxLength: 5 }).map(parts => multi(...parts)) },
  {
    weight: 1,
    arbitrary: fc.tuple(path, acl, version).map(([at, list, wanted]) => setAcl(at, list, wanted)),
  },
  { weight: 1, arbitrary: fc.constant<Asked>({ op: OpCode.closeSession }) },
  {
    weight: 1,
    arbitrary: fc.constant<Asked>({ op: OpCode.createSession, body: w => void w.writeInt(4000) }),
  },
);
const step = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(command, fc.integer({ min: 0, max: 2 }), fc.boolean()) },
  { weight: 1, arbitrary: fc.constant(null) },
);

test('the predicted digest is the digest once applied, over random histories with any number outstanding', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), steps => {
      const bench = new Bench();
      const sessions = [1, 2, 3];
      for (const each of steps) {
        if (each === null) {
          bench.apply();
          continue;
        }
        const [asked, at, isUser] = each;
        bench.prepare({ ...asked, session: sessions[at]!, ids: isUser ? [USER] : [] });
        // The tracker lets no request of a closed session through.
        if (asked.op === OpCode.closeSession) sessions[at]! += 3;
      }
      bench.applyAll();
    }),
    { numRuns: 1_000 },
  );
});
