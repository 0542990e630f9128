import { countEvents } from '../metrics/count-events.ts';
import { Metrics } from '../metrics/metrics.ts';
import { ServerEvents } from '../metrics/server-events.ts';
import type { Clock, Random, Timer } from '../runtime/runtime.ts';
import { MemoryDisk } from '../runtime/virtual/memory-disk.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { type TxnBody, writeTxnBody, writeTxnHeader } from '../wire/txn.ts';
import { type TxnPacket, txnPacket } from '../wire/txn-packet.ts';

/** The kit of this folder's tests: a disk in memory, a clock moved by hand, small transactions. */

/**
 * Runs due work in order; `run` empties the queue, including work added meanwhile. Time moves only by the
 * delays of `after`.
 */
export class ManualClock implements Clock {
  nowMs = 0;
  readonly turns = 0;
  readonly flushes = 0;
  #due: { atMs: number; run: () => void }[] = [];

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return Math.floor(this.nowMs);
  }

  after(delayMs: number, run: () => void): Timer {
    const entry = { atMs: this.nowMs + delayMs, run };
    this.#due.push(entry);
    return { cancel: () => this.#remove(entry) };
  }

  every(): Timer {
    throw new Error('storage has no periodic work of its own');
  }

  atEndOfTurn(run: () => void): void {
    this.#due.push({ atMs: this.nowMs, run });
  }

  inNextTurn(run: () => void): void {
    this.atEndOfTurn(run);
  }

  /** Runs one piece of due work; false when there is none. */
  step(): boolean {
    if (this.#due.length === 0) return false;
    const first = this.#due.reduce((a, b) => (b.atMs < a.atMs ? b : a));
    this.#remove(first);
    this.nowMs = Math.max(this.nowMs, first.atMs);
    first.run();
    return true;
  }

  run(): void {
    while (this.step());
  }

  /** Drops the work of a process that has died. */
  clear(): void {
    this.#due = [];
  }

  #remove(entry: { run: () => void }): void {
    this.#due = this.#due.filter(other => other !== entry);
  }
}

/** A small generator (mulberry32), so that a failing schedule can be repeated by its seed. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const float = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { float, below: bound => Math.floor(float() * bound) };
}

export interface TestRig {
  readonly clock: ManualClock;
  readonly disk: MemoryDisk;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly events: ServerEvents;
}

export function testRig(seed = 1): TestRig {
  const clock = new ManualClock();
  const random = seededRandom(seed);
  const disk = new MemoryDisk({ schedule: (delayMs, run) => void clock.after(delayMs, run), random });
  const metrics = new Metrics();
  return { clock, disk, random, metrics, events: new ServerEvents(countEvents(metrics)) };
}

export function packetOf(zxid: number, body: TxnBody, session = 0n): TxnPacket {
  const writer = new JuteWriter();
  writeTxnHeader(writer, {
    clientHigh: Number(BigInt.asIntN(32, session >> 32n)),
    clientLow: Number(BigInt.asIntN(32, session)),
    cxid: 1,
    zxid,
    time: 1_700_000_000_000 + (zxid % 1000),
    type: body.type,
  });
  writeTxnBody(writer, body);
  return txnPacket(zxid, writer.bytes);
}

/** Creates /n<zxid in hex>. */
export function createPacket(zxid: number, data = 'x', ephemeralOwner = 0n): TxnPacket {
  const body: TxnBody = {
    type: OpCode.create,
    path: `/n${zxid.toString(16)}`,
    data: Buffer.from(data),
    acl: [...OPEN_ACL_UNSAFE],
    ephemeral: ephemeralOwner !== 0n,
    parentCVersion: zxid % 0x1_0000_0000,
  };
  return packetOf(zxid, body, ephemeralOwner);
}
