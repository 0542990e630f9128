import { printable } from '../printable.ts';
import { formatAddress, isAnyHost } from '../runtime/addresses/host-address.ts';
import type { Address } from '../runtime/runtime.ts';
import { JuteError, JuteReader, JuteWriter } from './jute.ts';
import { epochOf } from './zxid.ts';

/**
 * The two messages of the election port: one initial message from the dialer, then notifications, each
 * behind an int length. @see docs/election.md "Messages"; QuorumCnxManager; FastLeaderElection
 */
const STATES = ['LOOKING', 'FOLLOWING', 'LEADING', 'OBSERVING'] as const;
export type PeerState = (typeof STATES)[number];

/** Long.MIN_VALUE: the leader, zxid and epoch that a server names when it has no vote to give. */
export const MIN_LONG = -(2 ** 63);
/** Long.MAX_VALUE read into a number: an observer without an id of its own. ZOOKEEPER-2879 */
export const ANONYMOUS_SID = 2 ** 63;

const PROTOCOL_V1 = -65536;
const PROTOCOL_V2 = -65535;
/**
 * Sent in place of a protocol version: the dialer asks only for the accepted epoch. Only this server uses it.
 */
const EPOCH_QUESTION = -0x5a4b_4551;

export const INITIAL_ADDRESS_BYTES_MAX = 2048;
export const NOTIFICATION_BYTES_MAX = 524_288;

export interface InitialMessage {
  readonly sid: number;
  /**
   * Addresses at which the dialer can be reached: one in V1, any number in V2, none from a server before 3.5
   * or from one that names the wildcard address.
   */
  readonly addresses: readonly Address[];
}

export interface Notification {
  readonly state: PeerState;
  readonly leader: number;
  readonly zxid: number;
  /** Upstream's electionEpoch: the sender's logical clock. */
  readonly round: number;
  readonly peerEpoch: number;
  /** 0 from servers before 3.4.6, 2 with a configuration. */
  readonly version: number;
  /** UTF-8 text of the sender's quorum verifier. ZOOKEEPER-4787 */
  readonly config: Buffer | null;
}

export const NOTIFICATION_VERSION = 2;

/**
 * The answer to an epoch question: long sid
 * long acceptedEpoch.
 */
export interface EpochAnswer {
  readonly sid: number;
  readonly acceptedEpoch: number;
}

export const EPOCH_ANSWER_BYTES = 16;

/**
 * False, with nothing consumed, when an initial message follows.
 * @throws JuteError, `short` when only the end is missing
 */
export function readEpochQuestion(reader: JuteReader): boolean {
  const at = reader.offset;
  if (reader.readLong() === EPOCH_QUESTION) return true;
  reader.offset = at;
  return false;
}

export function writeEpochQuestion(writer: JuteWriter): void {
  writer.writeLong(EPOCH_QUESTION);
}

export function readEpochAnswer(reader: JuteReader): EpochAnswer {
  return { sid: reader.readLong(), acceptedEpoch: reader.readLong() };
}

export function encodeEpochAnswer({ sid, acceptedEpoch }: EpochAnswer): Buffer {
  return new JuteWriter(EPOCH_ANSWER_BYTES).writeLong(sid).writeLong(acceptedEpoch).toBuffer();
}

/** @throws JuteError, `short` when only the end is missing */
export function readInitialMessage(reader: JuteReader): InitialMessage {
  const first = reader.readLong();
  if (first >= 0) return { sid: checkedSid(first), addresses: [] };
  if (first !== PROTOCOL_V1 && first !== PROTOCOL_V2) {
    throw new JuteError(`unknown election protocol version ${first}`);
  }
  const sid = checkedSid(reader.readLong());
  const length = reader.readInt();
  if (length < 1 || length > INITIAL_ADDRESS_BYTES_MAX) {
    throw new JuteError(
      `the election addresses have ${length} bytes; 1 to ${INITIAL_ADDRESS_BYTES_MAX} are accepted`,
    );
  }
  const at = reader.offset;
  reader.skip(length);
  const text = reader.bytes.toString('utf8', at, at + length);
  const addresses = text.split('|').map(parseElectionAddress);
  return { sid, addresses: addresses.filter(({ host }) => !isAnyHost(host)) };
}

/**
 * V1 names the first address. V2 names all that fit, and is for ensembles with multiAddress.enabled: servers
 * before 3.6 do not know it (ZOOKEEPER-3720).
 */
export function writeInitialMessage(
  writer: JuteWriter,
  sid: number,
  [first, ...others]: readonly [Address, ...Address[]],
  version: 1 | 2,
): void {
  let text = formatAddress(first);
  if (version === 2)
    for (const address of others) {
      const longer = `${text}|${formatAddress(address)}`;
      if (Buffer.byteLength(longer) <= INITIAL_ADDRESS_BYTES_MAX) text = longer;
    }
  writer
    .writeLong(version === 2 ? PROTOCOL_V2 : PROTOCOL_V1)
    .writeLong(sid)
    .writeString(text);
}

export function encodeInitialMessage(
  sid: number,
  addresses: readonly [Address, ...Address[]],
  version: 1 | 2,
): Buffer {
  const writer = new JuteWriter();
  writeInitialMessage(writer, sid, addresses, version);
  return writer.toBuffer();
}

/** Accepts only ids that a number holds exactly: random bytes look like a huge id of a server before 3.5. */
function checkedSid(sid: number): number {
  if (sid === ANONYMOUS_SID || (sid >= 0 && Number.isSafeInteger(sid))) return sid;
  throw new JuteError(`${sid} is not a server id`);
}

function parseElectionAddress(text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new JuteError(`"${printable(text)}" is not host:port`);
  }
  return { host, port };
}

const BYTES_WITHOUT_PEER_EPOCH = 28;
const BYTES_WITHOUT_CONFIG = 40;

/** `body` is one notification without its length. @throws JuteError */
export function decodeNotification(body: Buffer): Notification {
  const reader = new JuteReader(body);
  const state = STATES[reader.readInt()];
  if (state === undefined) throw new JuteError(`unknown peer state ${body.readInt32BE(0)}`);
  const leader = reader.readLong();
  const zxid = exactLong(reader, 'zxid');
  const round = readRound(reader);
  const vote = { state, leader, zxid, round };
  if (body.length === BYTES_WITHOUT_PEER_EPOCH) {
    return { ...vote, peerEpoch: epochOf(zxid), version: 0, config: null };
  }
  const peerEpoch = exactLong(reader, 'peerEpoch');
  const version = reader.readInt();
  // As upstream: a body that ends after the version counts as version 0 whatever it says.
  if (body.length === BYTES_WITHOUT_CONFIG) return { ...vote, peerEpoch, version: 0, config: null };
  if (version < NOTIFICATION_VERSION) return { ...vote, peerEpoch, version, config: null };
  const config = reader.readBuffer();
  if (config === null) throw new JuteError('the configuration in the notification is null');
  return { ...vote, peerEpoch, version, config };
}

/** Largest accepted round. It leaves room to count on, and no real elections reach it. */
export const ROUND_MAX = 2 ** 52;

function readRound(reader: JuteReader): number {
  const round = reader.readLong();
  if (Math.abs(round) <= ROUND_MAX) return round;
  throw new JuteError(`round ${round} is out of range`);
}

/** Reads a zxid or an epoch: exact, or MIN_LONG when the sender has none. */
function exactLong(reader: JuteReader, name: string): number {
  const value = reader.readLong();
  if (value === MIN_LONG || Number.isSafeInteger(value)) return value;
  throw new JuteError(`${name} ${value} is out of range`);
}

/** Returns the frame, length included. */
export function encodeNotification(notification: Notification): Buffer {
  const writer = new JuteWriter();
  const { state, leader, zxid, round, peerEpoch, config } = notification;
  writer.writeInt(0).writeInt(STATES.indexOf(state));
  writer.writeLong(leader).writeLong(zxid).writeLong(round).writeLong(peerEpoch);
  writer.writeInt(NOTIFICATION_VERSION).writeBuffer(config ?? Buffer.alloc(0));
  writer.patchInt(0, writer.length - 4);
  return writer.toBuffer();
}
