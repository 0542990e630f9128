import { FrameCutter } from '../../wire/frames.ts';
import { TXN_ROOM_BYTES } from '../../wire/txn-packet.ts';
import { GATHER_STALLED_MS, GATHERED_BYTES_MIN, type InputHolder, type InputLedger } from './input-ledger.ts';

/** Bytes of a client's requests that the server keeps besides its frames. */
export interface RequestBytes {
  /** Bytes of the requests that the server works on, and of those that wait behind them. */
  readonly submittedBytes: number;
  /** Bytes of the reads that wait until the client has read earlier answers. */
  readonly waitingBytes: number;
}

/** The input that the server still keeps for one client. It reports changes to the ledger of all clients. */
export class ClientInput {
  readonly frames: FrameCutter;
  readonly #ledger: InputLedger;
  readonly #holder: InputHolder;
  #submittedBytes = 0;
  #keptBytes = 0;
  #gathers = false;
  /** How much of the frame had arrived at the last check, and when that last grew. */
  #gatheredBytes = -1;
  #gatheredMs = 0;

  constructor(frameBytesMax: number, ledger: InputLedger, holder: InputHolder) {
    this.frames = new FrameCutter(frameBytesMax, { roomBytes: TXN_ROOM_BYTES });
    this.#ledger = ledger;
    this.#holder = holder;
  }

  /** Does not include the requests that the server works on. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Tells the ledger what is kept now. */
  recount(requests: RequestBytes | null): void {
    const submittedBytes = requests === null ? 0 : requests.submittedBytes;
    const keptBytes = this.frames.bytesKept + (requests === null ? 0 : requests.waitingBytes);
    const moreSubmitted = submittedBytes - this.#submittedBytes;
    const moreKept = keptBytes - this.#keptBytes;
    const gathered = this.#gathers;
    const gathers = this.frames.bytesGathered >= GATHERED_BYTES_MIN;
    // This comes before the ledger call, which may release connections, and these are counted again.
    this.#submittedBytes = submittedBytes;
    this.#keptBytes = keptBytes;
    this.#gathers = gathers;
    if (moreSubmitted !== 0 || moreKept !== 0) this.#ledger.add(moreSubmitted, moreKept);
    if (gathers) this.#ledger.gathers(this.#holder);
    else if (gathered) this.#ledger.gathered(this.#holder);
  }

  /** The connection ends, and the server keeps none of its input. */
  stop(): void {
    this.frames.stop();
    this.recount(null);
    this.#ledger.forget(this.#holder);
  }

  /**
   * True when this connection is one of the few that may send frames now, and its frame makes no progress.
   * Called at intervals.
   */
  stallsOthers(nowMs: number): boolean {
    const bytes = this.#gathers && this.#ledger.isAmongFew(this.#holder) ? this.frames.bytesGathered : -1;
    if (bytes !== this.#gatheredBytes || bytes < 0) {
      this.#gatheredBytes = bytes;
      this.#gatheredMs = nowMs;
    }
    return nowMs - this.#gatheredMs >= GATHER_STALLED_MS;
  }
}
