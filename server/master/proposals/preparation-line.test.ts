import { assert, suite } from '#test';
import { body, MemoryClient } from '../../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../../memory-ensemble.test-kit.ts';
import { OPEN_ACL_UNSAFE } from '../../wire/acl.ts';
import { ErrorCode } from '../../wire/error-codes.ts';
import type { JuteWriter } from '../../wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { writeCreateRequest, writePathVersionRequest } from '../../wire/requests.ts';

const test = suite('quorum: long multis are prepared in slices');

const PARTS = 4000;
/** A hundred parts are as much as a turn has room for. */
const TURN_UNITS = 800;
const TURN_MS = 5;

/** Creates /m0, /m1, ..., then deletes `last`. */
const longMulti = (last: string) => (writer: JuteWriter) => {
  for (let part = 0; part < PARTS; part++) {
    writeMultiHeader(writer, OpCode.create, false, -1);
    writeCreateRequest(writer, { path: `/m${part}`, data: Buffer.from('x'), acl: OPEN_ACL_UNSAFE, flags: 0 });
  }
  writeMultiHeader(writer, OpCode.delete, false, -1);
  writePathVersionRequest(writer, { path: last, version: -1 });
  writeMultiEnd(writer);
};

test('field report B1: while a long multi is prepared others are answered, and writes behind it find its result', () => {
  for (const voters of [0, 3]) {
    const ensemble = new MemoryEnsemble({ voters, turnUnits: TURN_UNITS, turnMs: TURN_MS }).start();
    const sid = voters === 0 ? 1 : ensemble.leader;
    const [greedy, writer, quiet] = [1, 2, 3].map(() => MemoryClient.open(ensemble, sid)) as [
      MemoryClient,
      MemoryClient,
      MemoryClient,
    ];
    writer.create('/there');
    const leader = ensemble.server(sid).view.leaderServer!;
    const { clock } = ensemble.machine(sid).runtime!;
    const zxid = leader.lastProposed;
    const multi = greedy.send(OpCode.multi, longMulti('/there'));
    const behind = greedy.send(OpCode.getData, body.read('/m7'));
    ensemble.wait(() => leader.preparing > 0, 'the multi');
    const started = clock.turns;
    const [seen, gone, synced] = [
      writer.send(OpCode.setData, body.setData(`/m${PARTS - 1}`, 'y')),
      writer.send(OpCode.delete, body.delete('/there')),
      writer.send(OpCode.sync, body.path('/')),
    ];
    let pings = 0;
    while (leader.preparing > 0) {
      const before = quiet.frames.length;
      const turn = clock.turns;
      quiet.ping();
      ensemble.wait(() => quiet.frames.length > before, 'the answer to a ping');
      assert.ok(clock.turns - turn <= 3, `${clock.turns - turn} turns`);
      pings++;
    }
    assert.ok(pings > 10 && clock.turns - started > 30, `${pings} pings, ${clock.turns - started} turns`);
    assert.is(greedy.reply(multi).zxid, zxid + 1);
    assert.is(greedy.reply(behind).err, ErrorCode.OK);
    assert.equal([writer.reply(seen).err, writer.reply(seen).zxid], [ErrorCode.OK, zxid + 2]);
    assert.equal([writer.reply(gone).err, writer.reply(gone).zxid], [ErrorCode.NONODE, zxid + 3]);
    assert.is(writer.reply(synced).zxid, zxid + 3);
    assert.is(leader.outstandingBytes, 0);
  }
});

test('a long multi that fails leaves nothing pending, though earlier pending changes are applied meanwhile', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, turnUnits: TURN_UNITS, turnMs: TURN_MS }).start();
  const [greedy, writer] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  writer.create('/there');
  const leader = ensemble.server(1).view.leaderServer!;
  const { tree } = ensemble.server(1).database;
  writer.send(OpCode.create, body.create('/first'));
  const multi = greedy.send(OpCode.multi, longMulti('/none'));
  ensemble.wait(() => leader.preparing > 0, 'the multi');
  ensemble.wait(() => tree.getNode('/first') !== undefined, 'what was before');
  assert.ok(leader.preparing > 0, 'it is still prepared');
  greedy.reply(multi);
  assert.is(tree.getNode('/m0'), undefined);
  assert.is(writer.create('/m0').err, ErrorCode.OK);
  assert.is(writer.ask(OpCode.delete, body.delete('/first')).err, ErrorCode.OK);
});
