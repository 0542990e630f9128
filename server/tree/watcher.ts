import type { Acl } from '../wire/acl.ts';

/** Who is told: a connection, or whoever stands in for one. */
export interface Watcher {
  /** Of a client. */
  readonly sessionId?: bigint;
  /** What its watches take, in all tables. The tables' own; 0 at first. */
  watchBytes: number;
  /**
   * `acl` is the ACL of the node the event tells of, at the time of the change (of a deleted node: the last
   * one): a receiver without READ on it must stay silent. @see CVE-2024-23944
   */
  process(eventType: number, path: string, zxid: number, acl: readonly Acl[]): void;
}
