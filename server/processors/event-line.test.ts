import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { TurnQueue } from '../turns/turn-queue.ts';
import type { JuteWriter } from '../wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../wire/multi.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import { writeSetDataRequest } from '../wire/requests.ts';
import { EVENTS_AT_ONCE_MAX, EventLine, type EventReceiver } from './event-line.ts';

const test = suite('clients: watch events of many');

class Receiver implements EventReceiver {
  waiting = 0;
  delivered = 0;

  get hasEventsWaiting(): boolean {
    return this.waiting > 0;
  }

  deliverEvents(max: number): number {
    const count = Math.min(max, this.waiting);
    this.waiting -= count;
    this.delivered += count;
    return count;
  }
}

function rig(unitsMax: number): { clock: VirtualClock; line: EventLine } {
  const clock = new VirtualClock();
  return { clock, line: new EventLine({ clock, turns: new TurnQueue(clock, unitsMax) }) };
}

test('field report B1: events of many clients are sent in turns, and a client with very many alternates with the others', () => {
  const { clock, line } = rig(1000);
  const receivers = Array.from({ length: 200 }, () => new Receiver());
  for (const [i, receiver] of receivers.entries()) {
    receiver.waiting = i === 0 ? 100_000 : 1;
    line.enter(receiver);
  }
  const told = () => receivers.filter(receiver => receiver.delivered > 0).length;
  const perTurn: number[] = [];
  while (told() < receivers.length) {
    const before = told();
    assert.ok(clock.time.step());
    perTurn.push(told() - before);
  }
  assert.ok(Math.max(...perTurn) <= 32, `${perTurn}`);
  assert.ok(receivers[0]!.waiting > 90_000);
  clock.advance(0);
  assert.equal([receivers[0]!.waiting, line.length], [0, 0]);
});

test('field report B1: few events are sent at once, and very many in bounded numbers per turn', () => {
  const { clock, line } = rig(1000);
  const passed = () =>
    Array.from({ length: 2 * EVENTS_AT_ONCE_MAX }, () => line.passes()).filter(Boolean).length;
  clock.atEndOfTurn(() => {});
  assert.is(passed(), EVENTS_AT_ONCE_MAX);
  assert.is(line.passes(), false);
  clock.advance(0);
  assert.is(passed(), EVENTS_AT_ONCE_MAX);
});

test('the frame of an event is made once for all its watchers', () => {
  const { line } = rig(1000);
  const frame = line.frameOf(3, '/a');
  assert.is(line.frameOf(3, '/a'), frame);
  assert.is.not(line.frameOf(4, '/a'), frame);
  assert.is.not(line.frameOf(3, '/b'), frame);
});

/** How a client watches `paths`, and how often each path may fire. */
type Watching = (client: MemoryClient, paths: readonly string[]) => void;

const WATCHING: Readonly<Record<string, Watching>> = {
  'data, once': (client, paths) => {
    for (const path of paths) client.ask(OpCode.getData, body.read(path, true));
  },
  'each path, for good': (client, paths) => {
    for (const path of paths) client.ask(OpCode.addWatch, w => void w.writeString(path).writeInt(0));
  },
  'the root and all below, for good': client => {
    client.ask(OpCode.addWatch, w => void w.writeString('/').writeInt(1));
  },
  'the root for good, and each path once': (client, paths) => {
    client.ask(OpCode.addWatch, w => void w.writeString('/').writeInt(1));
    for (const path of paths) client.ask(OpCode.getData, body.read(path, true));
  },
};

for (const [how, watchAll] of Object.entries(WATCHING))
  test(`field report B1: events of one write that wait for a turn reach each client before any reply that it asks for then: ${how}`, () => {
    const ensemble = new MemoryEnsemble({ voters: 0, turnUnits: 100 }).start();
    const [CLIENTS, PATHS] = [40, 50];
    const writer = MemoryClient.open(ensemble);
    const paths = Array.from({ length: PATHS }, (_, i) => `/w${i}`);
    for (const path of paths) writer.create(path, 'old');
    const clients = Array.from({ length: CLIENTS }, () => MemoryClient.open(ensemble));
    for (const client of [...clients, writer]) watchAll(client, paths);
    const before = clients.map(client => client.replies.length);
    const ownBefore = writer.replies.length;
    const write = (w: JuteWriter): void => {
      for (const path of paths) {
        writeMultiHeader(w, OpCode.setData, false, -1);
        writeSetDataRequest(w, { path, data: Buffer.from('new'), version: -1 });
      }
      writeMultiEnd(w);
    };
    const { database, view } = ensemble.server(1);
    const zxid = database.lastProcessedZxid;
    const xid = writer.send(OpCode.multi, write);
    ensemble.wait(() => database.lastProcessedZxid > zxid, 'the write');
    const { crowd } = view.serving!;
    assert.ok(crowd.length > CLIENTS / 2, `events wait for ${crowd.length} clients`);
    // Half ask for what they watched, and watch it again; half ping.
    for (const [i, client] of clients.entries()) {
      if (i % 2 === 0) client.send(OpCode.getData, body.read('/w0', true));
      else client.ping();
    }
    ensemble.wait(
      () => clients.every((client, i) => client.replies.length === before[i]! + PATHS + 1),
      'all events',
    );
    for (const [i, client] of clients.entries()) {
      const xids = client.replies.slice(before[i]).map(reply => reply.xid);
      assert.equal(
        xids.slice(0, PATHS),
        paths.map(() => Xid.notification),
        `client ${i}`,
      );
      assert.is.not(xids[PATHS], Xid.notification);
    }
    ensemble.wait(() => writer.replies.length === ownBefore + PATHS + 1, 'the reply');
    assert.is(writer.replies.at(-1)!.xid, xid, 'the writer, too, hears of its own change first');
    if (how === 'data, once') assert.is(database.tree.dataWatches.watchCount, CLIENTS / 2);
    assert.is(crowd.length, 0);
  });

test('field report B5: while too many events wait, no member applies a transaction; then all are told and all are applied', () => {
  for (const [voters, sid] of [
    [0, 1],
    [3, -1],
    [3, 1],
  ] as const) {
    const ensemble = new MemoryEnsemble({ voters }).start();
    const at = sid < 0 ? ensemble.leader : sid;
    const writer = MemoryClient.open(ensemble, at);
    writer.create('/a', '0');
    const { view, database } = ensemble.server(at);
    const before = database.lastProcessedZxid;
    const LOOKS = 50;
    let looks = 0;
    const isFull = () => {
      if (looks < LOOKS) assert.is(database.lastProcessedZxid, before);
      return ++looks < LOOKS;
    };
    Object.defineProperty(view.serving!.crowd, 'isFull', { get: isFull });
    const xids = [1, 2, 3].map(n => writer.send(OpCode.setData, body.setData('/a', String(n))));
    ensemble.wait(() => writer.replies.some(({ xid }) => xid === xids[2]), 'the replies');
    assert.ok(looks > LOOKS);
    assert.equal([writer.get('/a'), database.lastProcessedZxid], ['3', before + 3]);
  }
});
