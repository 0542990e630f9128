/** `external`: already running, named by TOXIPROXY_URL. `real`: Toxiproxy, started here. `stand-in`: ours. */
export type ToxiproxyKind = 'external' | 'real' | 'stand-in';

/** A Toxiproxy that answers. */
export interface Toxiproxy {
  readonly kind: ToxiproxyKind;
  readonly version: string;
  /** Of its HTTP API, without a slash at the end. */
  readonly url: string;
  /** Of the process started here; none for `external`. */
  readonly pid: number | undefined;
  /** The end of what it printed. */
  log(): string;
  /** Ends the process that was started here; an external one is left running. */
  stop(): Promise<void>;
}
