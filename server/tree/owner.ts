/**
 * What `ephemeralOwner` says of a node besides the session that owns it: containers and TTL nodes carry their kind
 * there. @see facts section 10; EphemeralType
 */
export const CONTAINER_OWNER = -(1n << 63n);

export type OwnerKind = 'none' | 'session' | 'container' | 'ttl';

const EXTENDED = -1n;
const TTL_BASE = BigInt.asIntN(64, 0xffn << 56n);

/** Sessions of server 255 cannot be told from TTL nodes: with extended types a server id is at most 254. */
export function ownerKind(owner: bigint): OwnerKind {
  if (owner === 0n) return 'none';
  if (owner === CONTAINER_OWNER) return 'container';
  return owner >> 56n === EXTENDED ? 'ttl' : 'session';
}

export function ttlOwner(ttlMs: number): bigint {
  return TTL_BASE | BigInt(ttlMs);
}

/** Clients must not take a container or TTL node for one that belongs to a session. */
export function shownOwner(owner: bigint): bigint {
  return owner === 0n || ownerKind(owner) === 'session' ? owner : 0n;
}
