export const LINK_KINDS = ['election', 'quorum', 'observerMaster', 'client'] as const;
export type LinkKind = (typeof LINK_KINDS)[number];

/** The dialing side of client links: the load, and anybody else who talks to a member as a client. */
export const CLIENT = 'client';

/** The path from one dialer to one port of one member. It has its own proxy. */
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

/** Seen from the dialer: upstream is what it sends, downstream what it receives. */
export type Stream = 'upstream' | 'downstream';

/** Bytes of one link in one direction: the target of a latency or a blackhole. */
export interface Flow {
  readonly link: Link;
  readonly stream: Stream;
}
