import type { Acl } from '../wire/acl.ts';

/** The receiver of watch events: a connection, or a stand-in for one. */
export interface Watcher {
  /** The session, for a client's watcher. */
  readonly sessionId?: bigint;
  /** Memory of its watches in all tables. Belongs to the tables; 0 at first. */
  watchBytes: number;
  /**
   * `acl` is the ACL of the event's node at the time of the change, or its last one when the node was
   * deleted. A receiver without READ on it must not send the event. @see CVE-2024-23944
   */
  process(eventType: number, path: string, zxid: number, acl: readonly Acl[]): void;
}
