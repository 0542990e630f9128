import { JuteError, type JuteReader, JuteWriter } from './jute.ts';

/**
 * The record of SASL between members: long magic, int status, buffer token. It has no length in front. @see
 * docs/quorum.md "SASL"; QuorumAuthPacket
 */
export interface AuthPacket {
  readonly status: AuthStatus;
  /** Null and empty differ on the wire, and mean the same. */
  readonly token: Buffer | null;
}

/** The status of a step, of the last step, and of a handshake that failed. */
export type AuthStatus = 'inProgress' | 'success' | 'error';

const STATUS_CODES: Readonly<Record<AuthStatus, number>> = { inProgress: 0, success: 1, error: -1 };

/**
 * The first long of each packet. It begins no other message between members: as a type of a packet, as the
 * length of a notification and as a server id it is too large.
 */
export const AUTH_MAGIC = Buffer.from('5f2435013501edcc', 'hex');

/** Limit on a token. A response of DIGEST-MD5 has less (RFC 2831, 2.1.2). */
export const AUTH_TOKEN_BYTES_MAX = 4096;

/** Whether a packet of SASL begins here; undefined while there are too few bytes to tell. */
export function beginsAuthPacket(bytes: Buffer): boolean | undefined {
  const known = Math.min(bytes.length, AUTH_MAGIC.length);
  if (bytes.compare(AUTH_MAGIC, 0, known, 0, known) !== 0) return false;
  return known === AUTH_MAGIC.length ? true : undefined;
}

/** @throws JuteError, `short` when only the end is missing */
export function readAuthPacket(reader: JuteReader): AuthPacket {
  const magicAt = reader.offset;
  reader.readLong();
  if (!beginsAuthPacket(reader.bytes.subarray(magicAt, reader.offset)))
    throw new JuteError('it is not a packet of SASL');
  const code = reader.readInt();
  const status = (Object.keys(STATUS_CODES) as AuthStatus[]).find(name => STATUS_CODES[name] === code);
  if (status === undefined) throw new JuteError(`status ${code} is not one of SASL`);
  const tokenAt = reader.offset;
  const length = reader.readLength();
  if (length > AUTH_TOKEN_BYTES_MAX)
    throw new JuteError(`a token has ${length} bytes; ${AUTH_TOKEN_BYTES_MAX} are accepted`);
  reader.offset = tokenAt;
  return { status, token: reader.readBuffer() };
}

export function encodeAuthPacket({ status, token }: AuthPacket): Buffer {
  const writer = new JuteWriter(AUTH_MAGIC.length + 8 + (token?.length ?? 0));
  writer.writeRaw(AUTH_MAGIC);
  return writer.writeInt(STATUS_CODES[status]).writeBuffer(token).toBuffer();
}
