/**
 * Writes that are wrong in themselves, at whole members: the member that receives one refuses it, in its
 * place among the answers, without spending a zxid.
 */
import { assert, suite } from '#test';
import { MemoryClient } from './memory-client.test-kit.ts';
import { MemoryEnsemble } from './memory-ensemble.test-kit.ts';
import { create, createTtl, multi, type Op, remove, setAcl, setData } from './processors/prep.test-kit.ts';
import { ErrorCode, errorName } from './wire/error-codes.ts';
import { OpCode } from './wire/opcodes.ts';

const test = suite('server: requests that are wrong in themselves');

const { BADARGUMENTS, INVALIDACL, MARSHALLINGERROR, UNIMPLEMENTED } = ErrorCode;

const WRONG: readonly (readonly [Op, number])[] = [
  [create('/w', { flags: 9 }), BADARGUMENTS],
  [create('/w', { op: OpCode.createContainer }), BADARGUMENTS],
  [create('/w', { flags: 5 }), UNIMPLEMENTED],
  [createTtl('/w', 1000), UNIMPLEMENTED],
  [create('w'), BADARGUMENTS],
  [create('/w', { acl: [] }), INVALIDACL],
  [remove('/zookeeper'), BADARGUMENTS],
  [setData('/w/', 'x'), BADARGUMENTS],
  [setAcl('/w', null), INVALIDACL],
  // Half of a length.
  [{ op: OpCode.sync, write: w => w.writeByte(0).writeByte(0) }, MARSHALLINGERROR],
];

for (const role of ['leader', 'follower', 'observer'] as const) {
  test(`at a ${role}: a wrong write gets its code and spends no zxid, the leader gets nothing, and the connection stays`, () => {
    const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 }).start();
    const { leader } = ensemble;
    const follower = ensemble.sids.find(sid => sid !== leader)!;
    const client = MemoryClient.open(ensemble, { leader, follower, observer: 4 }[role]);
    assert.is(client.create('/before').err, ErrorCode.OK);
    const { leaderServer } = ensemble.server(leader).view;
    const last = leaderServer!.lastProposed;
    for (const [op, code] of WRONG) {
      const { err, zxid, body } = client.ask(op.op, op.write);
      assert.is(errorName(err), errorName(code));
      assert.is(zxid, last, 'that of the last change');
      assert.is(body.length, 0);
    }
    ensemble.time.advance(100);
    assert.is(leaderServer!.lastProposed, last);
    const { zxid } = client.create('/after');
    assert.is(zxid, last + 1);
  });

  test(`at a ${role}: the refusal comes behind the answers to earlier requests`, () => {
    const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 }).start();
    const { leader } = ensemble;
    const follower = ensemble.sids.find(sid => sid !== leader)!;
    const client = MemoryClient.open(ensemble, { leader, follower, observer: 4 }[role]);
    const good = (path: string) => create(path);
    const sent = [good('/a'), ...WRONG.map(([op]) => op), good('/b')].map(({ op, write }) =>
      client.send(op, write),
    );
    client.reply(sent.at(-1)!);
    assert.equal(
      client.replies.map(({ xid }) => xid),
      sent,
    );
    const codes = [ErrorCode.OK, ...WRONG.map(([, code]) => code), ErrorCode.OK];
    assert.equal(
      client.replies.map(({ err }) => err),
      codes,
    );
  });
}

test('a multi spends its zxid whatever is wrong in a part of it, because the tree decides which part fails first', () => {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const client = MemoryClient.open(ensemble);
  const before = client.create('/before').zxid;
  const asked = multi([create('/before'), create('/w', { flags: 9 })]);
  const { err, zxid, body } = client.ask(asked.op, asked.write);
  assert.equal([err, zxid], [ErrorCode.OK, before + 1]);
  assert.is(body.readInt32BE(9), ErrorCode.NODEEXISTS, 'the first part');
});
