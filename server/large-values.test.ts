/** A member holds a large value in memory only once: the tree and the committed log share it. */
import { assert, suite } from '#test';
import { body, MemoryClient } from './memory-client.test-kit.ts';
import { MemoryEnsemble } from './memory-ensemble.test-kit.ts';
import { ErrorCode } from './wire/error-codes.ts';
import { OpCode } from './wire/opcodes.ts';

const test = suite('server: large values');

/** More than a connection in virtual time hands on at once, so that it comes in pieces. */
const LARGE_BYTES = 400_000;
/** Bytes of a transaction besides its data. */
const AROUND_BYTES_MAX = 256;

for (const [through, write] of [
  ['the leader', (sids: number[], leader: number) => sids.find(sid => sid === leader)!],
  ['a follower', (sids: number[], leader: number) => sids.find(sid => sid !== leader)!],
  ['an observer', (sids: number[]) => sids.at(-1)!],
] as const) {
  test(`a large value that is written through ${through} is once in the memory of each member, and never changes`, () => {
    const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 }).start();
    const client = MemoryClient.open(ensemble, write(ensemble.sids, ensemble.leader));
    assert.is(client.create('/created', 'c'.repeat(LARGE_BYTES)).err, ErrorCode.OK);
    assert.is(client.create('/set', '').err, ErrorCode.OK);
    const values = ['s', 't'].map(char => char.repeat(LARGE_BYTES));
    for (const value of values) assert.is(client.ask(OpCode.setData, body.setData('/set', value)).err, 0);
    const { lastProcessedZxid } = ensemble.server(ensemble.leader).database;
    ensemble.wait(
      () => ensemble.sids.every(sid => ensemble.server(sid).database.lastProcessedZxid === lastProcessedZxid),
      'all members to be up to date',
    );
    for (const sid of ensemble.sids) {
      const { tree, committedLog } = ensemble.server(sid).database;
      const logged = Array.from({ length: committedLog.size }, (_, at) => committedLog.at(at).bytes);
      const large = logged.filter(bytes => bytes.length > LARGE_BYTES);
      assert.is(large.length, 3);
      for (const [path, at] of [
        ['/created', 0],
        ['/set', 2],
      ] as const) {
        const { data } = tree.getNode(path)!;
        assert.is(data!.buffer, large[at]!.buffer, `${path} of member ${sid}`);
      }
      for (const [at, char] of ['c', 's', 't'].entries()) {
        const { buffer } = large[at]!;
        assert.ok(buffer.byteLength <= LARGE_BYTES + AROUND_BYTES_MAX, `${buffer.byteLength} bytes`);
        assert.ok(large[at]!.includes(char.repeat(LARGE_BYTES)), `${char} of member ${sid}`);
      }
      assert.is(ensemble.server(sid).metrics.counter('digest_mismatches_count').value, 0);
    }
    assert.is(client.get('/created'), 'c'.repeat(LARGE_BYTES));
    assert.is(client.get('/set'), values[1]);
  });
}
