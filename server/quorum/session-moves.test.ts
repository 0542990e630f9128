import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble, OBSERVER_MASTER_PORT } from '../memory-ensemble.test-kit.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';

const test = suite('quorum: a session that comes back while its writes are under way');

/** Each commit takes this long, so that a client has reconnected before its write is committed. */
const SYNC_MS = 300;

for (const observerMasterPort of [0, OBSERVER_MASTER_PORT]) {
  test(`a client that starts its xids anew gets the answer to its own request, wherever it comes back (masters at ${observerMasterPort})`, () => {
    const ensemble = new MemoryEnsemble({
      voters: 3,
      observers: 1,
      settings: { observerMasterPort },
    }).start();
    const { leader } = ensemble;
    const [left] = ensemble.sids.filter(sid => sid !== leader);
    for (const sid of ensemble.sids) ensemble.machine(sid).disk.syncDelayMs = SYNC_MS;
    for (const sid of ensemble.sids) {
      const client = MemoryClient.open(ensemble, left, { timeoutMs: 4000 });
      const { sessionId, password } = client.response!;
      const written = client.send(OpCode.create, body.create(`/under-way-${sid}`));
      ensemble.time.advance(20);
      assert.equal(client.replies, [], 'it is under way');
      client.raw.destroy();
      const back = MemoryClient.open(ensemble, sid, { sessionId, password });
      assert.is(back.response?.sessionId, sessionId);
      const xid = back.send(OpCode.setData, body.setData('/never-there', 'x'));
      assert.is(xid, written, 'as kazoo does');
      assert.is(back.reply(xid).err, ErrorCode.NONODE);
      assert.is(back.get(`/under-way-${sid}`), '');
    }
  });
}
