import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { watchLimits } from '../tree/watch-memory.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import { writeSetWatchesRequest } from '../wire/requests.ts';

const test = suite('clients: what the watches of clients may take');

const { OK, NONODE, SYSTEMERROR } = ErrorCode;
/** Heap of a server for which some thousand long paths are too many. */
const HEAP_BYTES = 64 * 1024 * 1024;
const LIMITS = watchLimits(HEAP_BYTES);
const PATH_CHARS = 5_000;
/** What a watch on such a path is counted as, and a little more. */
const EACH_BYTES = 2 * PATH_CHARS + 300;
const AT_ONCE = 20;

function standalone(): MemoryEnsemble {
  return new MemoryEnsemble({ voters: 0, heapBytesMax: HEAP_BYTES, settings: { maxClientCnxns: 0 } }).start();
}

function pathOf(client: number, i: number): string {
  return `/missing-${client}-${i}-`.padEnd(PATH_CHARS, 'x');
}

function treeOf(ensemble: MemoryEnsemble) {
  return ensemble.server(1).database.tree;
}

/**
 * Watches nodes that do not exist until the server refuses. Returns the paths whose watches were accepted.
 */
function watchUntilRefused(client: MemoryClient, name: number): string[] {
  const paths: string[] = [];
  client.frames.length = 0;
  for (;;) {
    const next = Array.from({ length: AT_ONCE }, (_, i) => pathOf(name, paths.length + i));
    const xids = next.map(path => client.send(OpCode.exists, body.read(path, true)));
    client.reply(xids.at(-1)!);
    const errs = client.replies.map(({ err }) => err);
    client.frames.length = 0;
    const refusedAt = errs.findIndex(err => err !== NONODE);
    paths.push(...next.slice(0, refusedAt === -1 ? AT_ONCE : refusedAt));
    if (refusedAt === -1) {
      assert.ok(paths.length * EACH_BYTES < 2 * LIMITS.allBytesMax, 'watches are taken without end');
      continue;
    }
    assert.ok(errs.slice(refusedAt).every(err => err === SYSTEMERROR));
    return paths;
  }
}

function setWatches(client: MemoryClient, existWatches: readonly string[]): void {
  const none: string[] = [];
  const noneOf = {
    dataWatches: none,
    childWatches: none,
    persistentWatches: none,
    persistentRecursiveWatches: none,
  };
  const request = { relativeZxid: 0, existWatches: [...existWatches], ...noneOf };
  client.send(OpCode.setWatches, w => writeSetWatchesRequest(w, request, false));
}

test('the watches of one client are limited in bytes: the server then refuses requests that set one, and answers all others', () => {
  const ensemble = standalone();
  const greedy = MemoryClient.open(ensemble);
  greedy.create('/a');
  const mine = watchUntilRefused(greedy, 1);
  const { watchMemory, dataWatches } = treeOf(ensemble);
  assert.ok(Math.abs(watchMemory.bytes - LIMITS.eachBytesMax) < EACH_BYTES, `${watchMemory.bytes} bytes`);
  const asks: readonly [op: number, write: ReturnType<typeof body.read>][] = [
    [OpCode.exists, body.read('/a', true)],
    [OpCode.exists, body.read('/missing', true)],
    [OpCode.getData, body.read('/a', true)],
    [OpCode.getChildren, body.read('/a', true)],
    [OpCode.getChildren2, body.read('/a', true)],
    [OpCode.addWatch, w => w.writeString('/a').writeInt(0)],
    [OpCode.addWatch, w => w.writeString('/a').writeInt(1)],
  ];
  for (const [op, write] of asks) assert.is(greedy.ask(op, write).err, SYSTEMERROR);
  assert.equal([dataWatches.watchCount, treeOf(ensemble).childWatches.watchCount], [mine.length, 0]);
  assert.is(greedy.ask(OpCode.exists, body.read(mine[0]!, true)).err, NONODE, 'one that it has');
  assert.is(greedy.get('/a'), '');
  assert.is(greedy.create('/b').err, OK);
  const other = MemoryClient.open(ensemble);
  assert.is(other.ask(OpCode.getData, body.read('/a', true)).err, OK);
  assert.ok(ensemble.messages(1, 'warn').some(line => /watch refused/.test(line)));
  assert.ok(ensemble.server(1).metrics.counter('watch_refused_count').value >= asks.length);
});

test('watches that fire or are removed make room, and those of a client that leaves are forgotten', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  const [first] = watchUntilRefused(client, 1);
  const { watchMemory } = treeOf(ensemble);
  assert.is(client.create(first!).err, OK);
  assert.ok(client.replies.some(({ xid }) => xid === Xid.notification));
  assert.is(client.ask(OpCode.exists, body.read(first!, true)).err, OK);
  client.raw.destroy();
  ensemble.wait(() => watchMemory.bytes === 0, 'no watches');
});

test('above half the limit for all clients each may have only a little, so that a few clients leave room for many', () => {
  const ensemble = standalone();
  const greedy = [1, 2, 3].map(name => {
    const client = MemoryClient.open(ensemble);
    watchUntilRefused(client, name);
    return client;
  });
  const { watchMemory } = treeOf(ensemble);
  assert.ok(watchMemory.bytes < LIMITS.allBytesMax / 2 + LIMITS.eachTightBytesMax + EACH_BYTES);
  const late = MemoryClient.open(ensemble);
  const some = watchUntilRefused(late, 4);
  assert.ok(Math.abs(some.length * EACH_BYTES - LIMITS.eachTightBytesMax) < 2 * EACH_BYTES, `${some.length}`);
  assert.ok(greedy.every(({ raw }) => raw.closed === null));
});

test('a client with as many watches as allowed reconnects with all of them', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  const paths = watchUntilRefused(client, 1);
  const others = [2, 3].map(name => watchUntilRefused(MemoryClient.open(ensemble), name));
  const { watchMemory, dataWatches } = treeOf(ensemble);
  assert.ok(others[1]!.length < paths.length, 'new ones are for those that have few');
  client.raw.destroy();
  const { sessionId, password } = client.response!;
  const again = MemoryClient.open(ensemble, 1, { sessionId, password });
  for (let i = 0; i < paths.length; i += AT_ONCE) setWatches(again, paths.slice(i, i + AT_ONCE));
  const all = paths.length + others[0]!.length + others[1]!.length;
  ensemble.wait(() => dataWatches.watchCount === all, 'all watches');
  assert.is(again.raw.closed, null);
  assert.ok(watchMemory.bytes > LIMITS.allBytesMax / 2);
});

test('setWatches beyond the limit ends the connection, because client libraries ignore a refusal', () => {
  for (const isLong of [false, true]) {
    const ensemble = standalone();
    const client = MemoryClient.open(ensemble);
    const paths = watchUntilRefused(client, 1);
    if (isLong)
      setWatches(
        client,
        Array.from({ length: 50 }, (_, i) => pathOf(2, i)),
      );
    else setWatches(client, [pathOf(2, 0)]);
    client.raw.untilClosed();
    assert.ok(ensemble.messages(1, 'warn').some(line => /its watches take \d+ bytes/.test(line)));
    assert.ok(paths.length > 0);
    ensemble.wait(() => treeOf(ensemble).watchMemory.bytes === 0, 'no watches');
  }
});
