/**
 * Every limit on the size of a record, from `jute.maxbuffer` and `jute.maxbuffer.extrasize`.
 *
 * Two rules keep what was accepted readable:
 *
 * 1. What this server writes, any server with the same settings can read. Apache's servers read no string,
 *    buffer, log entry or packet of more than jute.maxbuffer + extrasize bytes, so no transaction is longer
 *    than that: `txnBytesMax`.
 * 2. What this server reads may have been written under a larger limit. A record whose length is known (a
 *    client's frame, a log entry, the data of a packet) bounds its fields by itself. The other limits here
 *    are for what has to be gathered before it is whole; they are generous to servers, which are few and
 *    known.
 *
 * @see BinaryInputArchive; zookeeperAdmin "jute.maxbuffer"; ZOOKEEPER-3496
 */
export interface JuteLimits {
  /** Limit on a client's frame: jute.maxbuffer itself. */
  readonly frameBytesMax: number;
  /**
   * Limit on a transaction that is written (header, body and digest), and on the data of any other packet.
   */
  readonly txnBytesMax: number;
  /** Limit on an incomplete packet of another server, or an incomplete node in a SNAP. */
  readonly packetBytesMax: number;
  /** Limit on the answer to a multiRead. */
  readonly multiReadBytesMax: number;
}

/** Apache's default. */
export const JUTE_MAX_BUFFER_BYTES = 0xfffff;
/** Smallest extrasize: room for the fields around the largest one. */
export const JUTE_EXTRA_BYTES_MIN = 1024;
const INT_MAX = 0x7fff_ffff;
const PACKET_BYTES_MIN = 32 * 1024 * 1024;
const MULTI_READ_BYTES_MIN = 16 * 1024 * 1024;

/** `extraBytes` undefined: the same as jute.maxbuffer. */
export function juteLimits(maxBufferBytes = JUTE_MAX_BUFFER_BYTES, extraBytes = maxBufferBytes): JuteLimits {
  const txnBytesMax = Math.min(maxBufferBytes + Math.max(extraBytes, JUTE_EXTRA_BYTES_MIN), INT_MAX);
  return {
    frameBytesMax: maxBufferBytes,
    txnBytesMax,
    // Room for a request as large as a transaction, and for all identities that its client has proven.
    packetBytesMax: Math.max(2 * txnBytesMax, PACKET_BYTES_MIN),
    // A Java client with the same jute.maxbuffer reads answers of that size, and of 4 MiB by default.
    multiReadBytesMax: Math.max(4 * maxBufferBytes, MULTI_READ_BYTES_MIN),
  };
}
