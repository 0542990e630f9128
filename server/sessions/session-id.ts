/**
 * Session ids and their passwords. Both must come out as Java's do, so that a session may move between our
 * servers and Apache's. @see docs/sessions.md "Sessions"; SessionTrackerImpl; ZooKeeperServer
 */

/** First id a server hands out: ((elapsedMs << 24) >>> 8) | (serverId << 56). Each next one is one more. */
export function firstSessionId(serverId: number, elapsedMs: number): bigint {
  const shifted = BigInt.asUintN(64, BigInt(Math.floor(elapsedMs)) << 24n) >> 8n;
  return BigInt.asIntN(64, shifted | (BigInt(serverId) << 56n));
}

const SUPER_SECRET = 0xb3415c00n;
const LCG_MULTIPLIER = 0x5deece66dn;
const LCG_MASK = (1n << 48n) - 1n;
const PASSWORD_BYTES = 16;

/** 16 bytes of java.util.Random seeded with the id XOR a constant. */
export function sessionPassword(sessionId: bigint): Buffer {
  let state = (BigInt.asUintN(64, sessionId ^ SUPER_SECRET) ^ LCG_MULTIPLIER) & LCG_MASK;
  const password = Buffer.alloc(PASSWORD_BYTES);
  for (let at = 0; at < PASSWORD_BYTES; at += 4) {
    state = (state * LCG_MULTIPLIER + 0xbn) & LCG_MASK;
    password.writeInt32LE(Number(BigInt.asIntN(32, state >> 16n)), at);
  }
  return password;
}

export function sessionIdHex(sessionId: bigint): string {
  return `0x${BigInt.asUintN(64, sessionId).toString(16)}`;
}
