import { ServerError } from '../../../server/errors.ts';
import type { DiskOperation } from '../../../server/runtime/virtual/memory-disk.ts';
import type { MemoryMachine } from '../../../server/runtime/virtual/memory-runtime.ts';
import type { VirtualTime } from '../../../server/runtime/virtual/virtual-time.ts';
import { isOperators } from '../members/member-files.ts';

/**
 * `full`: writes fail with ENOSPC. `failed-sync`: syncs fail, and the data they were to save may be lost.
 */
export type DiskSickness = 'full' | 'failed-sync';

const NEEDS_ROOM: ReadonlySet<DiskOperation> = new Set(['open', 'write', 'truncate']);

interface Sickness {
  readonly how: DiskSickness;
  readonly time: VirtualTime;
  operationsLeft: number;
}

/**
 * The faults of one member's disk: it kills the process in the middle of an operation, fills up, or fails
 * syncs.
 */
export class DiskTroubles {
  /** When the first operation failed since the disk fault began. */
  failedAtMs: number | undefined;
  readonly #machine: MemoryMachine;
  #crash: { operationsLeft: number; run: () => void } | undefined;
  #sickness: Sickness | undefined;

  /** `onOpen`: called when a file is about to be opened for writing. */
  constructor(machine: MemoryMachine, onOpen: (path: string) => void) {
    this.#machine = machine;
    machine.disk.beforeOperation = (operation, path) => {
      this.#before(operation, path);
      if (operation === 'open') onOpen(path);
    };
    machine.disk.failSync = path => this.#failSync(path);
  }

  get isSick(): boolean {
    return this.#sickness !== undefined;
  }

  /** Runs `crash`, which must end the process, before the given operation from now on (1 is the next). */
  crashAt(operation: number, crash: () => void): void {
    this.#crash = { operationsLeft: operation, run: crash };
  }

  disarm(): void {
    this.#crash = undefined;
  }

  sicken(how: DiskSickness, afterOperations: number, time: VirtualTime): void {
    this.#sickness = { how, time, operationsLeft: afterOperations };
    this.failedAtMs = undefined;
  }

  cure(): void {
    this.#sickness = undefined;
    this.failedAtMs = undefined;
  }

  /** Whether this is the error that a server may end with when its disk has failed. */
  explains(error: unknown): boolean {
    return this.failedAtMs !== undefined && error instanceof ServerError && error.code === 'ZK_DISK';
  }

  #before(operation: DiskOperation, path: string): void {
    if (this.#machine.runtime === undefined) throw new Error('EIO: the process is gone');
    const crash = this.#crash;
    if (crash !== undefined && --crash.operationsLeft <= 0) {
      this.#crash = undefined;
      crash.run();
      throw new Error('EIO: the process is gone');
    }
    const sickness = this.#sickness;
    if (sickness === undefined || isOperators(path) || --sickness.operationsLeft > 0) return;
    if (sickness.how === 'full' && NEEDS_ROOM.has(operation)) this.#fail(sickness, 'ENOSPC');
  }

  #failSync(path: string): Error | undefined {
    const sickness = this.#sickness;
    if (sickness?.how !== 'failed-sync' || sickness.operationsLeft > 0) return undefined;
    if (isOperators(path)) return undefined;
    // A snapshot that was given up is removed while its sync is under way, and nobody asks what became of it.
    if (this.#machine.disk.exists(path)) this.failedAtMs ??= sickness.time.nowMs;
    return new Error('EIO: sync');
  }

  #fail(sickness: Sickness, code: string): never {
    this.failedAtMs ??= sickness.time.nowMs;
    throw Object.assign(new Error(`${code}: no space left on device`), { code });
  }
}
