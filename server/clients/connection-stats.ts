import { ServerStats } from '../metrics/server-stats.ts';
import { OpCode, opName } from '../wire/opcodes.ts';

/**
 * Names as upstream's `lop` and `last_operation` show them. Monitoring compares with these. @see
 * FinalRequestProcessor
 */
const SHORT_NAMES: ReadonlyMap<number, string> = new Map([
  [OpCode.ping, 'PING'],
  [OpCode.createSession, 'SESS'],
  [OpCode.closeSession, 'CLOS'],
  [OpCode.multi, 'MULT'],
  [OpCode.multiRead, 'MLTR'],
  [OpCode.create, 'CREA'],
  [OpCode.create2, 'CREA'],
  [OpCode.createContainer, 'CREA'],
  [OpCode.createTTL, 'CREA'],
  [OpCode.delete, 'DELE'],
  [OpCode.setData, 'SETD'],
  [OpCode.reconfig, 'RECO'],
  [OpCode.setACL, 'SETA'],
  [OpCode.sync, 'SYNC'],
  [OpCode.exists, 'EXIS'],
  [OpCode.getData, 'GETD'],
  [OpCode.setWatches, 'SETW'],
  [OpCode.setWatches2, 'STW2'],
  [OpCode.addWatch, 'ADDW'],
  [OpCode.checkWatches, 'CHKW'],
  [OpCode.removeWatches, 'REMW'],
  [OpCode.getACL, 'GETA'],
  [OpCode.getChildren, 'GETC'],
  [OpCode.getChildren2, 'GETC'],
  [OpCode.getAllChildrenNumber, 'GETACN'],
  [OpCode.getEphemerals, 'GETE'],
  [OpCode.whoAmI, 'HOMI'],
]);

/** What `cons` and AdminServer's `connections` show of one client. `crst` resets the counts and latencies. */
export class ConnectionStats extends ServerStats {
  /** Wall-clock time in ms since 1970, for display. */
  readonly openedWallMs: number;
  /** Monotonic ms of the last answer that took work. */
  lastResponseMs = 0;
  lastLatencyMs = 0;
  lastOp: number | null = null;
  /** As upstream: 0 before the first request, -1 when there was none since `crst`. */
  lastCxid = 0;
  lastZxid = 0;
  #wasReset = false;

  constructor(openedWallMs: number) {
    super();
    this.openedWallMs = openedWallMs;
  }

  /** Null before the first request. */
  get lastOperation(): string | null {
    if (this.lastOp === null) return this.#wasReset ? 'NA' : null;
    return SHORT_NAMES.get(this.lastOp) ?? opName(this.lastOp);
  }

  /** xids below 0 (pings, auth, setWatches) do not hide the client's last request of its own. */
  answered(op: number, xid: number, zxid: number): void {
    this.lastOp = op;
    if (xid >= 0) this.lastCxid = xid;
    if (zxid > 0) this.lastZxid = zxid;
  }

  override addLatency(ms: number, count: number): void {
    super.addLatency(ms, count);
    this.lastLatencyMs = ms;
  }

  override reset(): void {
    super.reset();
    this.lastLatencyMs = 0;
    this.lastResponseMs = 0;
    this.lastOp = null;
    this.#wasReset = true;
    this.lastCxid = -1;
    this.lastZxid = -1;
  }
}
