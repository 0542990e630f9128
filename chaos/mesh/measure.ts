import { connect } from 'node:net';
import { JuteWriter } from '../../server/wire/jute.ts';
import { PacketType, writeQuorumPacket } from '../../server/wire/quorum-packet.ts';
import type { Link, LinkKind } from './link.ts';

/**
 * Outcome of one small exchange: `answered` with bytes; `closed` without any; `refused`, because nobody
 * listens; `silent`, connected but without either until the deadline.
 */
export interface Reading {
  readonly outcome: 'answered' | 'closed' | 'refused' | 'silent';
  /** From the send to the answer or the close; null for a refusal and for silence. */
  readonly rttMs: number | null;
}

/** Measures one link on a connection of its own. */
export type Probe = (link: Link, deadlineMs: number) => Promise<Reading>;

/**
 * Measures through the proxy, with a request that the port's owner answers and that changes nothing there:
 * `srvr` for clients (the one word that is enabled by default), OBSERVERINFO for learners (LEADERINFO comes
 * back; observers are never counted). An election port closes the connection at a protocol version that it
 * does not know. Such a close shows what delays or loses requests, but not what delays answers, because
 * latency toxics do not delay the end of a stream.
 */
export const probeLink: Probe = (link, deadlineMs) =>
  exchange(link.proxied, requestOf(link.kind), deadlineMs);

export function requestOf(kind: LinkKind): Buffer {
  if (kind === 'client') return Buffer.from('srvr');
  if (kind === 'election') return Buffer.alloc(8, 0xff);
  return observerInfo();
}

/** Sends `request` on one connection, and waits for the first byte or for the end. Never throws. */
export function exchange(address: string, request: Buffer, deadlineMs: number): Promise<Reading> {
  const colon = address.lastIndexOf(':');
  const socket = connect({
    host: address.slice(0, colon),
    port: Number(address.slice(colon + 1)),
    noDelay: true,
  });
  return new Promise(resolve => {
    let sentAt: number | undefined;
    const done = (outcome: Reading['outcome']) => {
      clearTimeout(timer);
      const timed = sentAt !== undefined && outcome !== 'silent';
      resolve({ outcome, rttMs: timed ? performance.now() - sentAt! : null });
      socket.destroy();
    };
    const timer = setTimeout(() => done('silent'), deadlineMs);
    socket.once('connect', () => {
      sentAt = performance.now();
      socket.write(request);
    });
    socket.once('data', () => done('answered'));
    socket.once('end', () => done('closed'));
    socket.once('error', () => done(sentAt === undefined ? 'refused' : 'closed'));
  });
}

export interface Repeated extends Reading {
  /** Number of exchanges it took. */
  readonly exchanges: number;
}

/**
 * The fastest of several exchanges: it contains what the link adds, and as little as possible of what the
 * machine adds. With `until`, it repeats up to `atMost` times until the fastest so far is accepted. An
 * exchange with another outcome takes precedence.
 */
export async function fastest(
  probe: Probe,
  link: Link,
  deadlineMs: number,
  {
    atLeast,
    atMost = atLeast,
    until,
  }: { atLeast: number; atMost?: number; until?: (best: Reading) => boolean },
): Promise<Repeated> {
  let best = await probe(link, deadlineMs);
  let exchanges = 1;
  const goesOn = () => exchanges < atLeast || (exchanges < atMost && until?.(best) === false);
  while (best.rttMs !== null && goesOn()) {
    const next = await probe(link, deadlineMs);
    exchanges += 1;
    if (next.rttMs === null || next.outcome !== best.outcome) return { ...next, exchanges };
    if (next.rttMs < best.rttMs) best = next;
  }
  return { ...best, exchanges };
}

/**
 * Ids that no member has. A master closes an earlier connection with the same id, so each probe uses its own.
 */
const PROBE_SIDS = 256;
let probes = 0;

/**
 * The greeting of a learner: LearnerInfo {sid, protocol version 0x10000, configuration version 0}.
 * @see docs/quorum.md "Packets"
 */
function observerInfo(): Buffer {
  const info = Buffer.alloc(20);
  info.writeBigInt64BE(BigInt(-1 - (probes++ % PROBE_SIDS)), 0);
  info.writeInt32BE(0x10000, 8);
  const writer = new JuteWriter();
  writeQuorumPacket(writer, { type: PacketType.OBSERVERINFO, zxid: 0, data: info, authinfo: null });
  return writer.toBuffer();
}
