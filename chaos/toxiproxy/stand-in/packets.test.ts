import { assert, suite } from '#test';
import { JuteWriter } from '../../../server/wire/jute.ts';
import { PacketType, writeQuorumPacket } from '../../../server/wire/quorum-packet.ts';
import type { Chunk, ToxicStage } from './stage.ts';
import { packetDelay, packetDouble, packetDrop } from './toxics/packets.ts';

const test = suite('stand-in: toxics of packets');

function packet(type: number, zxid: number, bytes = 20): Buffer {
  const writer = new JuteWriter();
  writeQuorumPacket(writer, { type, zxid, data: Buffer.alloc(bytes, 'x'), authinfo: null });
  return writer.toBuffer();
}

const [one, two, three] = [1, 2, 3].map(zxid => packet(PacketType.PROPOSAL, zxid)) as [
  Buffer,
  Buffer,
  Buffer,
];
const ping = packet(PacketType.PING, 0, 0);

/** A stage, with what leaves it. */
function stageOf(make: (out: { push(chunk: Chunk): void; end(): void }, context: never) => ToxicStage) {
  const left: Buffer[] = [];
  let isEnded = false;
  let hits = 0;
  const context = {
    random: { float: () => 0, below: () => 0 },
    nowMs: () => performance.now(),
    drained: () => {},
    packetHit: () => {
      hits += 1;
    },
  };
  const stage = make(
    {
      push: chunk => void left.push(chunk.data),
      end: () => {
        isEnded = true;
      },
    },
    context as never,
  );
  const push = (...chunks: Buffer[]) => {
    for (const data of chunks) stage.push({ data, atMs: performance.now() });
  };
  return { stage, push, left: () => Buffer.concat(left), isEnded: () => isEnded, hits: () => hits };
}

const SECOND = { packet: PacketType.PROPOSAL, nth: 2 };

test('drop takes out the nth packet of its type, whole, however it arrives', () => {
  const { push, left, hits } = stageOf((out, context) => packetDrop.stage(SECOND, out, context));
  push(
    Buffer.concat([one, ping]),
    two.subarray(0, 7),
    two.subarray(7, 30),
    Buffer.concat([two.subarray(30), three]),
    ping,
  );
  assert.ok(left().equals(Buffer.concat([one, ping, three, ping])));
  assert.is(hits(), 1);
});

test('double repeats the nth packet right behind itself; one that is too large passes once', () => {
  const { push, left } = stageOf((out, context) => packetDouble.stage(SECOND, out, context));
  push(one, two.subarray(0, 9), Buffer.concat([two.subarray(9), three]));
  assert.ok(left().equals(Buffer.concat([one, two, two, three])));

  const large = packet(PacketType.PROPOSAL, 9, 2 * 1024 * 1024);
  const other = stageOf((out, context) => packetDouble.stage({ ...SECOND, nth: 1 }, out, context));
  other.push(large, one);
  assert.ok(other.left().equals(Buffer.concat([large, one])));
});

test('delay holds the packet and everything behind it, and passes on what it holds when it is removed', () => {
  const { stage, push, left } = stageOf((out, context) =>
    packetDelay.stage({ ...SECOND, delay: 600_000 }, out, context),
  );
  push(Buffer.concat([one, two]), three);
  assert.ok(left().equals(one));
  stage.release();
  assert.ok(left().equals(Buffer.concat([one, two, three])));
});

test('a toxic that is removed in the middle of a packet that it drops ends the connection', () => {
  const { stage, push, left, isEnded } = stageOf((out, context) => packetDrop.stage(SECOND, out, context));
  push(one, Buffer.concat([ping, two.subarray(0, 20)]));
  assert.ok(left().equals(Buffer.concat([one, ping])));
  assert.not(isEnded());
  stage.release();
  assert.ok(isEnded());
});

test('other bytes than packets pass unchanged', () => {
  const { push, left, hits } = stageOf((out, context) =>
    packetDrop.stage({ ...SECOND, nth: 1 }, out, context),
  );
  const tls = Buffer.from('1603010005aabbccddee', 'hex');
  push(tls, tls);
  assert.ok(left().equals(Buffer.concat([tls, tls])));
  assert.is(hits(), 0);
});
