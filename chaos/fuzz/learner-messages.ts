/** Messages for a quorum port or an observer master: the packets of a learner. */
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import { PacketType } from '../../server/wire/quorum-packet.ts';
import { request } from './client-messages.ts';
import { encode, type Field, int, long, type Message, raw, text } from './message.ts';

/** What an attacker may know about the ensemble, by listening on the network as anybody can. */
export interface EnsembleFacts {
  readonly sids: readonly number[];
  readonly epoch: number;
  readonly zxid: number;
  /** The members authenticate with SASL. */
  readonly sasl?: boolean;
}

const PROTOCOL_VERSION = 0x10000;

function packet(
  type: number,
  zxid: bigint | number,
  data: Message | null,
  authinfo: Field[] = [int(-1)],
): Message {
  const bytes = data === null ? null : encode(data);
  return [int(type), long(zxid), { kind: 'buffer', value: bytes }, ...authinfo];
}

/** The messages of a learner that completes the handshake and then sends traffic. */
export function learnerMessages(facts: EnsembleFacts, random: SeededRandom): Message[] {
  const sid = random.pick([...facts.sids, 77, -1, 2 ** 31, 255]);
  const type = random.chance(0.5) ? PacketType.OBSERVERINFO : PacketType.FOLLOWERINFO;
  const accepted = BigInt(
    random.pick([0, facts.epoch - 1, facts.epoch, facts.epoch + 1, facts.epoch + 3, 0x1ffffd]),
  );
  const info = [long(sid), int(PROTOCOL_VERSION), long(random.pick([0, 1, -1]))];
  const epochStart = BigInt(facts.epoch) << 32n;
  return [
    packet(type, accepted << 32n, info),
    packet(PacketType.ACKEPOCH, random.pick([0, -1, facts.zxid, facts.zxid + 5]), [
      int(random.pick([facts.epoch, -1, 0])),
    ]),
    packet(PacketType.ACK, epochStart, null),
    ...Array.from({ length: random.below(12) }, () => traffic(facts, random)),
  ];
}

/** Draws any packet, valid at this point of the protocol or not. */
export function traffic(facts: EnsembleFacts, random: SeededRandom): Message {
  const zxid = random.pick([facts.zxid, facts.zxid + 1, 0, -1]);
  switch (random.pick(TYPES)) {
    case PacketType.REQUEST:
      return packet(
        PacketType.REQUEST,
        -1,
        [...session(random), ...request(random.below(99), random)],
        ids(random),
      );
    case PacketType.PING:
      return packet(PacketType.PING, zxid, sessions(random));
    case PacketType.REVALIDATE:
      return packet(PacketType.REVALIDATE, -1, [...session(random), int(4000)]);
    case PacketType.PROPOSAL:
      return packet(PacketType.PROPOSAL, zxid, [
        ...session(random),
        int(1),
        long(zxid),
        long(0),
        int(OpCode.create),
      ]);
    case PacketType.SYNC:
      return packet(PacketType.REQUEST, -1, [...session(random), int(1), int(OpCode.sync), text('/')]);
    default:
      return packet(
        1 + random.below(20),
        zxid,
        random.chance(0.5) ? null : [raw(Buffer.alloc(random.below(40)))],
      );
  }
}

const TYPES = Object.values(PacketType);
const SESSIONS_MAX = 200;

function session(random: SeededRandom): Field[] {
  return [long(random.pick([1n, 0n, 0x1000_0000_0000_0001n, -1n]))];
}

function sessions(random: SeededRandom): Message {
  return Array.from({ length: random.below(SESSIONS_MAX) }, () => [...session(random), int(4000)]).flat();
}

function ids(random: SeededRandom): Field[] {
  const count = random.below(3);
  const one = [text(random.pick(['ip', 'digest', 'super', 'x'])), text('a:b')];
  return [int(count), ...Array.from({ length: count }, () => one).flat()];
}
