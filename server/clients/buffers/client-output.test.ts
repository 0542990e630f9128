import { assert, suite } from '#test';
import { body, MemoryClient } from '../../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../../memory-ensemble.test-kit.ts';
import { ServerStats } from '../../metrics/server-stats.ts';
import { EVENTS_AT_ONCE_MAX, EventLine } from '../../processors/event-line.ts';
import type { Connection } from '../../runtime/runtime.ts';
import { VirtualClock } from '../../runtime/virtual/virtual-clock.ts';
import { TurnQueue } from '../../turns/turn-queue.ts';
import { JuteReader } from '../../wire/jute.ts';
import { OpCode, Xid } from '../../wire/opcodes.ts';
import { ConnectionStats } from '../connection-stats.ts';
import { ClientOutput } from './client-output.ts';
import { OutputLedger } from './output-ledger.ts';

const test = suite('clients: what goes out');

function line(): EventLine {
  const clock = new VirtualClock();
  return new EventLine({ clock, turns: new TurnQueue(clock) });
}

test('facts 24: the event of a setData, and a refused session, byte by byte; each counts as one packet', () => {
  const frames: string[] = [];
  const write = (bytes: Buffer, start: number, end: number) => {
    frames.push(bytes.toString('hex', start, end));
    return true;
  };
  const connection = { write, writeShared: write } as unknown as Connection;
  const [stats, totals] = [new ConnectionStats(0), new ServerStats()];
  const output = new ClientOutput(connection, stats, new OutputLedger(), () => {});
  output.event(3, '/a', totals, line());
  const refusal = { protocolVersion: 0, timeoutMs: 0, sessionId: 0n, password: Buffer.alloc(16) };
  output.connectResponse({ ...refusal, readOnly: false }, totals);
  output.connectResponse({ ...refusal, readOnly: undefined }, totals);
  assert.equal(frames, [
    `0000001e${'ffffffff'}${'ff'.repeat(8)}00000000${'00000003'.repeat(2)}000000022f61`,
    `00000025${'00'.repeat(16)}00000010${'00'.repeat(16)}00`,
    `00000024${'00'.repeat(16)}00000010${'00'.repeat(16)}`,
  ]);
  assert.equal([stats.packetsSent, totals.packetsSent], [3, 3]);
});

test('events that wait are counted from when the client stops reading until it has read all', () => {
  let accepts = true;
  const connection = { writeShared: () => accepts, bytesQueued: 1000 } as unknown as Connection;
  const output = new ClientOutput(connection, new ConnectionStats(0), new OutputLedger(), () => {});
  const event = () => output.event(3, '/a', new ServerStats(), line());
  event();
  assert.is(output.eventBytesWaiting, 0);
  accepts = false;
  event();
  event();
  assert.is(output.eventBytesWaiting, 2 * 34);
  output.drained();
  assert.is(output.eventBytesWaiting, 0);
});

test('events that wait for a turn count among what waits for all clients, large ones once', () => {
  const ledger = new OutputLedger();
  const connection = { writeShared: () => true, bytesQueued: 0 } as unknown as Connection;
  const outputs = [1, 2, 3].map(() => new ClientOutput(connection, new ConnectionStats(0), ledger, () => {}));
  const events = line();
  const [path, count] = [`/${'x'.repeat(99_999)}`, EVENTS_AT_ONCE_MAX + 10];
  for (let n = 0; n < count; n++)
    for (const output of outputs) output.event(3, n % 2 === 0 ? path : '/a', new ServerStats(), events);
  const [first, second, third] = outputs as [ClientOutput, ClientOutput, ClientOutput];
  const all = outputs.reduce((sum, { keptBytes }) => sum + keptBytes, 0);
  assert.ok(all > 3 * 40 * path.length, `${all} bytes, if each had its own`);
  assert.ok(ledger.bytes > all / 4 && ledger.bytes < all / 2, `${ledger.bytes} bytes`);
  first.dropEvents();
  second.deliverEvents(Number.POSITIVE_INFINITY);
  assert.equal([first.keptBytes, second.keptBytes], [0, 0]);
  assert.ok(ledger.bytes > third.keptBytes / 2);
  third.deliverEvents(Number.POSITIVE_INFINITY);
  assert.is(ledger.bytes, 0);
});

/**
 * A client watches and reads while another writes: the first read that shows the change with no event before
 * it.
 */
function firstStaleWatch(): string | null {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const [writer, reader] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  writer.create('/a', '0');
  for (let round = 1; round <= 5; round++) {
    reader.ask(OpCode.getData, body.read('/a', true));
    const before = reader.frames.length;
    writer.send(OpCode.setData, body.setData('/a', String(round)));
    while (reader.get('/a') !== String(round));
    const events = reader.replies.slice(before);
    const shown = events.findIndex(
      ({ xid, body: bytes }) => xid >= 0 && String(new JuteReader(bytes).readBuffer()) === String(round),
    );
    const told = events.findIndex(({ xid }) => xid === Xid.notification);
    if (told < 0 || told > shown) return `round ${round}: the change came before its event`;
  }
  return null;
}

test('planted: events that leave behind the next reply are found by the check that events come first', () => {
  assert.is(firstStaleWatch(), null);
  const { event, reply } = ClientOutput.prototype;
  try {
    const held: (() => void)[] = [];
    ClientOutput.prototype.event = function (...args): boolean {
      held.push(() => event.apply(this, args));
      return true;
    };
    ClientOutput.prototype.reply = function (...args): boolean {
      const took = reply.apply(this, args);
      if (args[2] === OpCode.getData) for (const send of held.splice(0)) send();
      return took;
    };
    assert.match(firstStaleWatch() ?? 'nothing found', /round 1: the change came before its event/);
  } finally {
    Object.assign(ClientOutput.prototype, { event, reply });
  }
});
