import { fixupAcl } from '../auth/fixup-acl.ts';
import type { ProviderRegistry } from '../auth/provider-registry.ts';
import { isTtlMs, type OwnerLayout } from '../tree/owner.ts';
import { type Acl, type Id, OPEN_ACL_UNSAFE, Perms } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { pathProblem } from '../wire/path.ts';

/**
 * Rules that make an operation wrong whatever the tree holds. The server that receives a request checks them,
 * so that nothing wrong is proposed. The leader checks them again, because learners of other implementations
 * forward everything. Upstream checks each of these before it looks at the tree, so a client sees the same
 * error.
 * @see docs/wire.md "Order of checks"
 */

export const EPHEMERAL = 1;
export const SEQUENTIAL = 2;
export const CONTAINER = 4;
const TTL = 5;
export const TTL_SEQUENTIAL = 6;

/**
 * A plain create with the container flag makes a plain node, except within a multi, as upstream does: some
 * clients do not know createContainer. Seen on 3.8.0.
 */
export function refusalOfMode(
  op: number,
  asked: { readonly flags: number; readonly ttlMs?: number },
  layout: OwnerLayout,
): number {
  const { flags, ttlMs = 0 } = asked;
  const hasTtl = flags === TTL || flags === TTL_SEQUENTIAL;
  if (hasTtl && layout === 'plain') return ErrorCode.UNIMPLEMENTED;
  const fits = op === OpCode.createTTL ? hasTtl && isTtlMs(ttlMs) : fitsWithoutTtl(op, flags);
  return fits ? ErrorCode.OK : ErrorCode.BADARGUMENTS;
}

function fitsWithoutTtl(op: number, flags: number): boolean {
  return op === OpCode.createContainer ? flags === CONTAINER : flags >= 0 && flags <= CONTAINER;
}

/** Nodes that no client may delete. */
const UNDELETABLE: ReadonlySet<string> = new Set([
  '/',
  '/zookeeper',
  '/zookeeper/quota',
  '/zookeeper/config',
]);

/**
 * Checks only the path rules that precede the parent in the order of checks. The others apply after the
 * parent was found and its ACL checked.
 */
export function isPathToCreate(path: string): boolean {
  return path.includes('/') && !path.includes('\0');
}

export function isPathToDelete(path: string): boolean {
  return isPathToCreate(path) && !UNDELETABLE.has(path);
}

/** For operations that name an existing node. */
export function isPath(path: string): boolean {
  return pathProblem(path) === null;
}

/** Nearly every create asks for the open ACL, which needs no identity. */
export function isOpenAcl(acl: readonly Acl[] | null): boolean {
  if (acl === OPEN_ACL_UNSAFE) return true;
  if (acl === null || acl.length !== 1) return false;
  const { perms, id } = acl[0]!;
  return perms === Perms.ALL && id.scheme === 'world' && id.id === 'anyone';
}

/**
 * A longer list is checked only by the leader: reading tens of thousands of entries takes as long as all
 * other work on the request.
 */
const ACL_ENTRIES_CHECKED_MAX = 1000;

/** The facts about the requester that the result depends on. */
export interface Requester {
  identities(): readonly Id[];
  readonly providers: ProviderRegistry;
  /** Reconfigurations are enabled on the server that it is connected to. */
  readonly reconfigEnabled: boolean;
  /** The owner layout of that server. Without extended types, no client creates a TTL node. */
  readonly ownerLayout: OwnerLayout;
}

export function isAclRefused(acl: readonly Acl[] | null, requester: Requester): boolean {
  if (isOpenAcl(acl) || (acl !== null && acl.length > ACL_ENTRIES_CHECKED_MAX)) return false;
  return fixupAcl(requester.identities(), acl, NO_BOUND, requester.providers) === null;
}

/**
 * The bound on expanded `auth` entries applies to a whole transaction, so the leader applies it when it makes
 * that.
 */
const NO_BOUND = { charsLeft: Number.POSITIVE_INFINITY };
