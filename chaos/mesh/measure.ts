import { connect } from 'node:net';
import { writeConnectRequest } from '../../server/wire/connect.ts';
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
  /** The connection ended with RST. */
  readonly byReset?: boolean;
}

/** What an exchange is to show. */
export interface Ask {
  /** Size of the request, REQUEST_BYTES_MIN to REQUEST_BYTES_MAX. @default as small as its port allows */
  readonly bytes?: number;
  /** Sends nothing but the end of its stream, and waits for the end of the other. */
  readonly end?: boolean;
}

/** Our server takes no larger packet in the handshake of a learner. */
export const REQUEST_BYTES_MAX = 4_000;
/** The headers of every request fit into it. */
export const REQUEST_BYTES_MIN = 64;

/** Measures one link on a connection of its own. */
export type Probe = (link: Link, deadlineMs: number, ask?: Ask) => Promise<Reading>;

/**
 * Measures through the proxy, with a request that the port's owner answers and that changes nothing there:
 * `srvr` for clients (the one word that is enabled by default), OBSERVERINFO for learners (LEADERINFO comes
 * back; observers are never counted). An election port closes the connection at a protocol version that it
 * does not know. Such a close shows what delays or loses requests, but not what delays answers, because
 * latency toxics do not delay the end of a stream.
 */
export const probeLink: Probe = (link, deadlineMs, { bytes, end = false } = {}) =>
  exchange(link.proxied, end ? undefined : requestOf(link.kind, bytes), deadlineMs);

/**
 * @param bytes a request of this size, which its owner answers, or closes, once it has all of it. An election
 * port gets its small one.
 */
export function requestOf(kind: LinkKind, bytes?: number): Buffer {
  if (kind === 'election') return Buffer.alloc(8, 0xff);
  if (kind === 'client') return bytes === undefined ? Buffer.from('srvr') : impossibleClient(bytes);
  return observerInfo(bytes);
}

/**
 * Sends `request` on one connection, and waits for the first byte, or for as many as `answerBytes`, or for
 * the end. Without a request it sends the end of its stream and waits for that of the other side. Never
 * throws.
 */
export function exchange(
  address: string,
  request: Buffer | undefined,
  deadlineMs: number,
  answerBytes = 1,
): Promise<Reading> {
  const colon = address.lastIndexOf(':');
  const socket = connect({
    host: address.slice(0, colon),
    port: Number(address.slice(colon + 1)),
    noDelay: true,
    allowHalfOpen: true,
  });
  return new Promise(resolve => {
    let sentAt: number | undefined;
    let missing = request === undefined ? Number.POSITIVE_INFINITY : answerBytes;
    const done = (outcome: Reading['outcome'], byReset = false) => {
      clearTimeout(timer);
      const timed = sentAt !== undefined && outcome !== 'silent';
      const rttMs = timed ? performance.now() - sentAt! : null;
      resolve({ outcome, rttMs, ...(byReset && { byReset }) });
      socket.destroy();
    };
    const timer = setTimeout(() => done('silent'), deadlineMs);
    socket.once('connect', () => {
      sentAt = performance.now();
      if (request === undefined) socket.end();
      else socket.write(request);
    });
    socket.on('data', data => {
      missing -= data.length;
      if (missing <= 0) done('answered');
    });
    socket.once('end', () => done('closed'));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (sentAt === undefined) done('refused');
      else done('closed', error.code === 'ECONNRESET');
    });
  });
}

export interface Repeated extends Reading {
  /** Number of exchanges it took. */
  readonly exchanges: number;
}

/** How often a link is measured. */
export interface Times {
  readonly atLeast: number;
  /** @default atLeast */
  readonly atMost?: number;
  /** Measures again, `atMost` times in all, until this accepts the reading so far. */
  readonly until?: (soFar: Reading) => boolean;
}

/** A link measured several times; one reading stands for all of them. */
export type Measure = (
  probe: Probe,
  link: Link,
  deadlineMs: number,
  times: Times,
  ask?: Ask,
) => Promise<Repeated>;

/**
 * The fastest of several exchanges: it contains what the link adds, and as little as possible of what the
 * machine adds. An exchange with another outcome takes precedence.
 */
export const fastest: Measure = (probe, link, deadlineMs, times, ask) =>
  ranked(probe, link, deadlineMs, times, { ask, atOnce: 1, rank: () => 0 });

/** Exchanges of one series, how many of them are made at the same time, and how many series there are. */
const SERIES = 24;
const AT_ONCE = 4;
const SERIES_MAX = 4;

/**
 * The exchange that a quarter of all others undercut, for what delays some bytes and others not: the fastest
 * one may have met no delay at all. It is that of the fastest of some series: for `until` up to SERIES_MAX,
 * otherwise one for each 2 * SERIES that are asked for.
 */
export const quartile: Measure = async (probe, link, deadlineMs, { atLeast, until }, ask) => {
  const most = until === undefined ? Math.max(1, Math.floor(atLeast / (2 * SERIES))) : SERIES_MAX;
  let best: Repeated | undefined;
  for (let series = 1; series <= most; series++) {
    const times = { atLeast: SERIES };
    const rank = (count: number) => Math.floor(count / 4);
    const next = await ranked(probe, link, deadlineMs, times, { ask, atOnce: AT_ONCE, rank });
    const exchanges = (best?.exchanges ?? 0) + next.exchanges;
    if (next.rttMs === null || (best !== undefined && next.outcome !== best.outcome))
      return { ...next, exchanges };
    best = { ...(best === undefined || next.rttMs < best.rttMs! ? next : best), exchanges };
    if (until?.(best) === true) break;
  }
  return best!;
};

/**
 * A link under another fault may answer each time, and late each time. Dozens of such exchanges would take
 * too long.
 */
const REPEATED_MS_MAX = 10_000;

async function ranked(
  probe: Probe,
  link: Link,
  deadlineMs: number,
  { atLeast, atMost = atLeast, until }: Times,
  {
    ask,
    atOnce,
    rank,
  }: { readonly ask: Ask | undefined; readonly atOnce: number; rank(count: number): number },
): Promise<Repeated> {
  const readings: Reading[] = [];
  for (;;) {
    const next = await Promise.all(Array.from({ length: atOnce }, () => probe(link, deadlineMs, ask)));
    readings.push(...next);
    const exchanges = readings.length;
    const other = next.find(({ rttMs, outcome }) => rttMs === null || outcome !== readings[0]!.outcome);
    if (other !== undefined) return { ...other, exchanges };
    const soFar = [...readings].sort((a, b) => a.rttMs! - b.rttMs!)[rank(exchanges)]!;
    const isEnough = exchanges >= atLeast && (exchanges >= atMost || until?.(soFar) !== false);
    const tookMs = readings.reduce((sum, { rttMs }) => sum + rttMs!, 0) / atOnce;
    if (isEnough || tookMs > REPEATED_MS_MAX) return { ...soFar, exchanges };
  }
}

/**
 * Ids that no member has. A master closes an earlier connection with the same id, so each probe uses its own.
 */
const PROBE_SIDS = 256;
let probes = 0;

/**
 * The greeting of a learner: LearnerInfo {sid, protocol version 0x10000, configuration version 0}. What
 * follows in its data is read by nobody.
 * @see docs/quorum.md "Packets"
 */
function observerInfo(bytes = 0): Buffer {
  const info = Buffer.alloc(Math.max(LEARNER_INFO_BYTES, Math.min(bytes, REQUEST_BYTES_MAX) - PACKET_BYTES));
  info.writeBigInt64BE(BigInt(-1 - (probes++ % PROBE_SIDS)), 0);
  info.writeInt32BE(0x10000, 8);
  const writer = new JuteWriter();
  writeQuorumPacket(writer, { type: PacketType.OBSERVERINFO, zxid: 0, data: info, authinfo: null });
  return writer.toBuffer();
}

const LEARNER_INFO_BYTES = 20;
/** Type, zxid, length of the data, authinfo. */
const PACKET_BYTES = 20;

/** A client that has seen a zxid which no server has: it is closed, and no session is made for it. */
function impossibleClient(bytes: number): Buffer {
  const writer = new JuteWriter();
  const password = Buffer.alloc(Math.max(0, Math.min(bytes, REQUEST_BYTES_MAX) - CONNECT_BYTES));
  const nobody = { protocolVersion: 0, timeoutMs: 4_000, sessionId: 0n, readOnly: undefined };
  writeConnectRequest(writer, { ...nobody, lastZxidSeen: IMPOSSIBLE_ZXID, password });
  const frame = writer.toBuffer();
  const length = Buffer.alloc(4);
  length.writeInt32BE(frame.length);
  return Buffer.concat([length, frame]);
}

const IMPOSSIBLE_ZXID = 2 ** 52;
/** Length of the frame, and all but the bytes of the password. */
const CONNECT_BYTES = 32;
