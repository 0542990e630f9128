/**
 * `external`: already running, named by TOXIPROXY_URL. `real`: a Toxiproxy started here. `stand-in`: ours.
 */
export type ToxiproxyKind = 'external' | 'real' | 'stand-in';

/** A running Toxiproxy. */
export interface Toxiproxy {
  readonly kind: ToxiproxyKind;
  readonly version: string;
  /** URL of its HTTP API, without a trailing slash. */
  readonly url: string;
  /** Begins the name of each proxy of this lab, where others may use the same Toxiproxy; empty elsewhere. */
  readonly proxyPrefix: string;
  /** Pid of the process started here; undefined for `external`. */
  readonly pid: number | undefined;
  /**
   * How the process started here ended: an exit code or a signal. Undefined while it runs, and for
   * `external`.
   */
  exit(): string | undefined;
  /** The end of its output. */
  log(): string;
  /** Ends the process that was started here. An external one is left running. */
  stop(): Promise<void>;
}
