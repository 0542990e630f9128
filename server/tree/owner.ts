/**
 * `ephemeralOwner` holds the owning session or, for containers and TTL nodes, the kind of the node. @see
 * docs/tree.md "Owners"; EphemeralType
 */
export const CONTAINER_OWNER = -(1n << 63n);

export type OwnerKind = 'none' | 'session' | 'container' | 'ttl';

/**
 * How a server reads owners. TTL nodes exist only with `extendedTypesEnabled`; without it, an id that begins
 * with 0xff is a session of server 255. `extended353` adds the layout of 3.5.3 (`emulate353TTLNodes`), where
 * every other negative owner is a TTL.
 */
export type OwnerLayout = 'plain' | 'extended' | 'extended353';

/** With extended types, a server id above this would make sessions that look like TTL nodes. */
export const MAX_EXTENDED_SERVER_ID = 0xfe;

/** 0xff, two bytes for the kind (0: TTL), five bytes of ms. */
const TTL_BASE = BigInt.asIntN(64, 0xffn << 56n);
const TTL_BITS = 40n;

export function ownerLayout(config: {
  readonly extendedTypesEnabled: boolean;
  readonly emulate353TtlNodes: boolean;
}): OwnerLayout {
  if (!config.extendedTypesEnabled) return 'plain';
  return config.emulate353TtlNodes ? 'extended353' : 'extended';
}

export function ownerKind(owner: bigint, layout: OwnerLayout): OwnerKind {
  if (owner === 0n) return 'none';
  if (owner === CONTAINER_OWNER) return 'container';
  return layout !== 'plain' && owner < 0n && isTtl(owner, layout) ? 'ttl' : 'session';
}

/**
 * 0xff with another kind than 0 is a session of server 255 from before extended types were enabled. Upstream
 * does not start with such a node; here the end of its session still deletes it.
 */
function isTtl(owner: bigint, layout: OwnerLayout): boolean {
  return layout === 'extended353' || owner >> TTL_BITS === TTL_BASE >> TTL_BITS;
}

/** About 34 years */
const TTL_MAX_MS = 2 ** Number(TTL_BITS) - 1;

export function isTtlMs(ttlMs: number): boolean {
  return ttlMs > 0 && ttlMs <= TTL_MAX_MS;
}

/** New TTL nodes have this owner, also beside those of the layout of 3.5.3. `ttlMs`: see `isTtlMs` */
export function ttlOwner(ttlMs: number): bigint {
  return TTL_BASE | BigInt(ttlMs);
}

/**
 * The time to live, in ms, that the owner of a TTL node says. In the layout of 3.5.3 all bits but the first
 * are that time. Upstream reads only 40 of them, and would delete a node with a longer time too early.
 */
export function ttlOfOwner(owner: bigint): number {
  const bits = owner >> TTL_BITS === TTL_BASE >> TTL_BITS ? TTL_BITS : 63n;
  return Number(BigInt.asUintN(Number(bits), owner));
}

/** The owner that clients see: they must not take a container or TTL node for an ephemeral. */
export function shownOwner(owner: bigint, layout: OwnerLayout): bigint {
  return owner === 0n || ownerKind(owner, layout) === 'session' ? owner : 0n;
}
