import { opName } from '../wire/opcodes.ts';
import { ServerStats } from './server-stats.ts';

/** What `cons` and AdminServer's connections show of one client. `crst` resets counts and latencies. */
export class ConnectionStats extends ServerStats {
  /** ms since 1970, for people. */
  readonly openedWallMs: number;
  /** Monotonic ms of the last answer that had to be worked for. */
  lastResponseMs = 0;
  lastLatencyMs = 0;
  lastOp: number | null = null;
  lastCxid = 0;
  lastZxid = 0;

  constructor(openedWallMs: number) {
    super();
    this.openedWallMs = openedWallMs;
  }

  get lastOperation(): string {
    return this.lastOp === null ? 'NA' : opName(this.lastOp);
  }

  /** xids below 0 (pings, auth, setWatches) do not hide the client's last request of its own. */
  answered(op: number, xid: number, zxid: number): void {
    this.lastOp = op;
    if (xid >= 0) this.lastCxid = xid;
    if (zxid > 0) this.lastZxid = zxid;
  }

  override addLatency(ms: number): void {
    super.addLatency(ms);
    this.lastLatencyMs = ms;
  }

  override reset(): void {
    super.reset();
    this.lastLatencyMs = 0;
  }
}
