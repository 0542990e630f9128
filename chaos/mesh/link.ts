export const LINK_KINDS = ['election', 'quorum', 'observerMaster', 'client'] as const;
export type LinkKind = (typeof LINK_KINDS)[number];

/** Who dials on client links: the load, and whoever else talks to a member as a client. */
export const CLIENT = 'client';

/** The way from one dialer to one port of one member; a proxy of its own stands on it. */
export interface Link {
  /** Also the name of the proxy: `<from>.<to>.<kind>`. */
  readonly name: string;
  /** The member that dials, or CLIENT. */
  readonly from: string;
  /** The member that listens. */
  readonly to: string;
  readonly kind: LinkKind;
  /** host:port of the member's own listener. */
  readonly address: string;
  /** host:port where the proxy listens instead. */
  readonly proxied: string;
}

/** Seen from the dialer: upstream is what it sends, downstream what it gets. */
export type Stream = 'upstream' | 'downstream';

/** Bytes of one link in one direction: what a latency or a blackhole is laid upon. */
export interface Flow {
  readonly link: Link;
  readonly stream: Stream;
}
