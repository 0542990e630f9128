import { assert, suite } from '#test';
import { MemoryClient, requestFrame } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import { writeSetWatchesRequest } from '../wire/requests.ts';

const test = suite('clients: leaving');

const WATCHES = 9000;
const PER_TURN_MAX = 2000;

test('field report B1: the watches of a client that leaves go by parts, each in a turn of its own', () => {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const client = MemoryClient.open(ensemble);
  const existWatches = Array.from({ length: WATCHES }, (_, i) => `/${i}`);
  const none: string[] = [];
  const request = {
    relativeZxid: 1,
    dataWatches: none,
    existWatches,
    childWatches: none,
    persistentWatches: none,
    persistentRecursiveWatches: none,
  };
  client.raw.write(
    requestFrame(Xid.setWatches, OpCode.setWatches, w => writeSetWatchesRequest(w, request, false)),
  );
  const { dataWatches } = ensemble.server(1).view.serving!.parts.database.tree;
  ensemble.wait(() => dataWatches.watchCount === WATCHES, 'the watches');
  client.raw.destroy();
  let most = 0;
  while (dataWatches.watchCount > 0) {
    const before = dataWatches.watchCount;
    assert.ok(ensemble.time.step());
    most = Math.max(most, before - dataWatches.watchCount);
  }
  assert.is(most, PER_TURN_MAX);
  assert.equal([...dataWatches.watchers], []);
});
