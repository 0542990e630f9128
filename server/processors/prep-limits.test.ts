/** Tests that a transaction is refused when no server with the same settings could read it. */
import { assert, suite } from '#test';
import { type Acl, type Id, Perms } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader, JuteWriter } from '../wire/jute.ts';
import { type JuteLimits, juteLimits } from '../wire/jute-limits.ts';
import { OpCode } from '../wire/opcodes.ts';
import { readTxnBody, TXN_DIGEST_BYTES, TXN_HEADER_BYTES, type TxnBody, writeTxnBody } from '../wire/txn.ts';
import {
  bodyOf,
  closeSession,
  create,
  multi,
  type Op,
  PrepRig,
  SESSION,
  setAcl,
  setData,
} from './prep.test-kit.ts';

const test = suite('processors: the longest transactions');

const SEQUENTIAL = 2;
const EPHEMERAL = 1;
const AUTH: readonly Acl[] = [{ perms: Perms.ALL, id: { scheme: 'auth', id: '' } }];
/** Distances from the limit in bytes: every one, where transactions are small. */
const EACH = Array.from({ length: 129 }, (_, at) => at - 64);
const SOME = [-1, 0, 1, TXN_DIGEST_BYTES];
const around = ({ txnBytesMax }: JuteLimits) => (txnBytesMax < 10_000 ? EACH : SOME);

/** [jute.maxbuffer, jute.maxbuffer.extrasize]: tiny, the default, the default as 3.4 has it, and 4 MB. */
const SETTINGS: readonly [maxBuffer: number, extra?: number][] = [
  [1000],
  [0xfffff],
  [0xfffff, 1024],
  [4 * 1024 * 1024, 100],
];

/** Header and digest included, as the log has it. */
function txnBytes(body: TxnBody): number {
  const writer = new JuteWriter();
  writeTxnBody(writer, body);
  return TXN_HEADER_BYTES + writer.length + TXN_DIGEST_BYTES;
}

/** Compares the code alone, because a failure that shows the transaction would show megabytes. */
function isRefused(body: TxnBody, message?: string): void {
  assert.is(body.type === OpCode.error && body.err, ErrorCode.MARSHALLINGERROR, message);
}

/**
 * `make(pad)` has `pad` bytes of data. Each transaction of `limit - 64` to `limit + 64` bytes must be
 * written, or refused without a trace.
 */
function walkTheLimit(limits: JuteLimits, make: (pad: number) => Op, ids: readonly Id[] = []): void {
  const rig = new PrepRig({ jute: limits });
  rig.run(create('/a'));
  const smallest = txnBytes(rig.prepare(make(0), SESSION, ids));
  rig.applyAll();
  for (const off of around(limits)) {
    const wanted = limits.txnBytesMax + off;
    const digest = rig.tree.digest.toBigInt();
    const body = rig.prepare(make(wanted - smallest), SESSION, ids);
    if (off <= 0) {
      assert.is(txnBytes(body), wanted, `${wanted} bytes are written`);
    } else {
      isRefused(body, `${wanted} bytes are refused`);
      assert.is(rig.prep.changes.size, 0);
      assert.is(rig.prep.changes.digest.toBigInt(), digest);
    }
    rig.applyAll();
    assert.is(rig.prep.changes.digest.toBigInt(), rig.tree.digest.toBigInt());
  }
}

const pad = (bytes: number) => 'x'.repeat(bytes);

for (const [maxBuffer, extra] of SETTINGS) {
  const limits = juteLimits(maxBuffer, extra);
  const title = `jute.maxbuffer=${maxBuffer}${extra === undefined ? '' : `, extrasize=${extra}`}`;

  test(`field report A3: around the limit, ${title}: one operation, a multi, and a multi that grows`, () => {
    walkTheLimit(limits, bytes => setData('/a', pad(bytes)));
    walkTheLimit(limits, bytes => multi([setData('/a', pad(bytes))]));
    const sequential = (bytes: number) => create('/a/n-', { flags: SEQUENTIAL, data: pad(bytes) });
    walkTheLimit(limits, bytes =>
      multi([sequential(bytes), ...Array.from({ length: 10 }, () => sequential(0))]),
    );
  });

  test(`around the limit, ${title}: ACLs that say "auth"`, () => {
    const ids = Array.from({ length: 12 }, (_, i) => ({
      scheme: 'digest',
      id: `user${i}:${'x'.repeat(28)}`,
    }));
    const grown = (bytes: number) =>
      multi([setData('/a', pad(bytes)), create('/a/n-', { flags: SEQUENTIAL, acl: AUTH })]);
    walkTheLimit(limits, grown, ids);
  });

  test(`around the limit, ${title}: the list of a closeSession is left out, and the session ends all the same`, () => {
    for (const off of around(limits)) {
      const rig = new PrepRig({ jute: limits });
      const session = rig.prepare(closeSession);
      rig.applyAll();
      const nameBytes = limits.txnBytesMax + off - txnBytes(session) - 2 * 4;
      const halves = [Math.floor(nameBytes / 2), Math.ceil(nameBytes / 2)];
      for (const [i, bytes] of halves.entries()) {
        const made = rig.run(create(`/${i}${pad(bytes - 2)}`, { flags: EPHEMERAL }));
        assert.is(made.type, OpCode.create, `${bytes} bytes`);
      }
      const body = rig.prepare(closeSession);
      const { paths } = body as { paths: string[] | null };
      assert.is(paths?.length, off <= 0 ? 2 : undefined, `${limits.txnBytesMax + off} bytes`);
      assert.ok(txnBytes(body) <= limits.txnBytesMax);
      rig.applyAll();
      assert.is(rig.tree.ephemeralsOf(SESSION), undefined);
      assert.is(rig.tree.digest.toBigInt(), rig.prep.changes.digest.toBigInt());
    }
  });
}

test('field report A3: with jute.maxbuffer=4 MB, a multi of one setData of 2,097,140 bytes is read back', () => {
  const rig = new PrepRig({ jute: juteLimits(4 * 1024 * 1024) });
  rig.run(create('/a'));
  const body = rig.run(multi([setData('/a', pad(2_097_140))]));
  assert.is(body.type, OpCode.multi);
  assert.is(rig.tree.getNode('/a')?.data?.length, 2_097_140);
});

test('setACL: "auth" that would make it too long is refused', () => {
  const rig = new PrepRig({ jute: juteLimits(1000) });
  rig.run(create('/a'));
  const ids = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ scheme: 'digest', id: `${i}:${pad(90)}` }));
  assert.is(rig.prepare(setAcl('/a', AUTH), SESSION, ids(10)).type, OpCode.setACL);
  isRefused(rig.prepare(setAcl('/a', AUTH), SESSION, ids(40)));
  assert.is(rig.prep.changes.size, 1);
});

test('closeSessionTxn.enabled=false writes the bytes that Apache writes, with nothing after the header', () => {
  const rig = new PrepRig({ closeSessionTxnEnabled: false });
  rig.run(create('/mine', { flags: EPHEMERAL }));
  const body = rig.prepare(closeSession);
  const writer = new JuteWriter();
  writeTxnBody(writer, body);
  assert.is(writer.length, 0);
  assert.equal(readTxnBody(new JuteReader(writer.bytes), OpCode.closeSession), body);
  rig.applyAll();
  assert.is(rig.tree.getNode('/mine'), undefined);
  assert.is(rig.tree.digest.toBigInt(), rig.prep.changes.digest.toBigInt());
});

test('field report A3: an id in an ACL that is no UTF-8, and is written with three bytes for each, is measured', () => {
  const limits = juteLimits();
  const rig = new PrepRig({ jute: limits });
  for (const chars of [600_000, 700_000, 800_000, 1_000_000]) {
    const id = `${'x'.repeat(chars)}:hash`;
    const bytes = bodyOf(create(`/${chars}`, { acl: [{ perms: Perms.ALL, id: { scheme: 'digest', id } }] }));
    bytes.fill(0xff, bytes.indexOf('xx'), bytes.indexOf(':hash'));
    const body = rig.run({ op: OpCode.create, write: w => w.writeRaw(bytes, 0, bytes.length) });
    if (chars * 3 > limits.txnBytesMax) isRefused(body, `${chars} bytes`);
    else assert.ok(txnBytes(body) <= limits.txnBytesMax);
  }
});

test('a request is measured whenever it could grow too long: sequential nodes of the shortest parts', () => {
  const limits = juteLimits(0xfffff, 1024);
  const rig = new PrepRig({ jute: limits });
  const part = create('/', { flags: SEQUENTIAL, data: null });
  const partBytes = bodyOf(multi([part])).length - bodyOf(multi([])).length;
  const count = Math.floor((limits.frameBytesMax - 64) / partBytes);
  const body = rig.prepare(multi(Array.from({ length: count }, () => part)));
  isRefused(body);
});
