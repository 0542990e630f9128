import { FrameCutter } from '../wire/frames.ts';
import { GATHER_STALLED_MS, GATHERED_BYTES_MIN, type InputHolder, type InputLedger } from './input-ledger.ts';

/** What of a client's requests is kept besides its frames. */
export interface RequestBytes {
  /** Of those that the server works on, and what waits behind them. */
  readonly submittedBytes: number;
  /** Of reads that wait for the client to read. */
  readonly waitingBytes: number;
}

/** What has come from one client and is still kept, as the ledger of all is told of it. */
export class ClientInput {
  readonly frames: FrameCutter;
  readonly #ledger: InputLedger;
  readonly #holder: InputHolder;
  #submittedBytes = 0;
  #keptBytes = 0;
  #gathers = false;
  /** What had come of the frame when it was looked at, and when it last had become more. */
  #gatheredBytes = -1;
  #gatheredMs = 0;

  constructor(frameBytesMax: number, ledger: InputLedger, holder: InputHolder) {
    this.frames = new FrameCutter(frameBytesMax);
    this.#ledger = ledger;
    this.#holder = holder;
  }

  /** Without what the server works on. */
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
    // Before the ledger is told: it may let connections go on, and those are counted again.
    this.#submittedBytes = submittedBytes;
    this.#keptBytes = keptBytes;
    this.#gathers = gathers;
    if (moreSubmitted !== 0 || moreKept !== 0) this.#ledger.add(moreSubmitted, moreKept);
    if (gathers) this.#ledger.gathers(this.#holder);
    else if (gathered) this.#ledger.gathered(this.#holder);
  }

  /** The connection ends: nothing is kept any more. */
  stop(): void {
    this.frames.stop();
    this.recount(null);
    this.#ledger.forget(this.#holder);
  }

  /** Of few connections whose frames may come now it is one whose frame does not. Asked at intervals. */
  stallsOthers(nowMs: number): boolean {
    const bytes = this.#gathers && this.#ledger.isAmongFew(this.#holder) ? this.frames.bytesGathered : -1;
    if (bytes !== this.#gatheredBytes || bytes < 0) {
      this.#gatheredBytes = bytes;
      this.#gatheredMs = nowMs;
    }
    return nowMs - this.#gatheredMs >= GATHER_STALLED_MS;
  }
}
