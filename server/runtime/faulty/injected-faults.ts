import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { ServerError } from '../../errors.ts';
import type { Logger } from '../logging/logger.ts';
import type { Runtime } from '../runtime.ts';
import { type ClockFaults, faultyClock } from './faulty-clock.ts';
import { DISK_FAILURES, type DiskFaults, faultyDisk } from './faulty-disk.ts';

/** What a lab asks of a running server, as its file has it. Empty: it works as it should. */
export interface InjectedFaults {
  readonly disk: DiskFaults;
  readonly clock: ClockFaults;
}

/** What the server answers in `<file>.report`: whoever asks for a fault sees that it is in force, and bit. */
export interface FaultReport {
  /** `id` of the file that is in force. */
  readonly id: string;
  /** The wall clock as this server reads it, and as the machine does, when the report was written. */
  readonly wallMs: number;
  readonly machineWallMs: number;
  /** Since the start: syncs that were delayed, and disk operations that were refused. */
  readonly delayedSyncs: number;
  readonly refusedOperations: number;
}

/** How long in ms a change of the file goes unnoticed. */
const POLL_MS = 20;
const DELAY_MS_MAX = 60_000;
const OFFSET_MS_MAX = 100 * 366 * 86_400_000;
/** A wall clock may not stand still, and may not go backwards but in a jump. */
const RATE_MIN = 0.01;
const RATE_MAX = 100;

/**
 * `--inject-faults FILE`: faults of the disk and the wall clock, for laboratories only. Without the option
 * nothing of this exists in a server. The file is checked often, so that faults come and go while it runs;
 * one that becomes bad leaves the faults as they are. @see docs/operations.md "Injected faults"
 * @throws ServerError ZK_INJECTED_FAULTS
 */
export function withInjectedFaults(runtime: Runtime, file: string, logger: Logger): Runtime {
  const disk = faultyDisk(runtime.disk, runtime.clock);
  const clock = faultyClock(runtime.clock);
  let seen = '';
  let id = '';
  let reported = '';
  const report = (): void => {
    const { delayedSyncs, refusedOperations } = disk.counts;
    const now = `${id} ${delayedSyncs} ${refusedOperations}`;
    if (now === reported) return;
    reported = now;
    const [wallMs, machineWallMs] = [clock.clock.wallMs(), runtime.clock.wallMs()];
    replace(`${file}.report`, { id, wallMs, machineWallMs, delayedSyncs, refusedOperations });
  };
  const read = (): void => {
    const version = versionOf(file);
    if (version === seen) return;
    seen = version;
    const asked = parseInjectedFaults(textOf(file), file);
    id = asked.id;
    disk.set(asked.disk);
    clock.set(asked.clock);
    logger.warn('this server runs with injected faults: it is a test subject', { faults: asked });
  };
  read();
  report();
  const poll = setInterval(() => {
    try {
      read();
      report();
    } catch (error) {
      logger.warn(`the injected faults stay as they were: ${(error as Error).message}`);
    }
  }, POLL_MS);
  poll.unref();
  return { ...runtime, disk: disk.disk, clock: clock.clock };
}

/** @throws ServerError ZK_INJECTED_FAULTS naming the file, the key and what is accepted */
export function parseInjectedFaults(text: string, file: string): InjectedFaults & { readonly id: string } {
  const all = objectOf(jsonOf(text, file), ['id', 'disk', 'clock'], '', file);
  const disk = objectOf(all.disk ?? {}, ['syncDelayMs', 'failure'], 'disk', file);
  const clock = objectOf(all.clock ?? {}, ['offsetMs', 'rate'], 'clock', file);
  const { failure } = disk;
  const known = DISK_FAILURES.find(each => each === failure);
  if (failure !== undefined && known === undefined)
    throw refusal(file, 'disk.failure', failure, DISK_FAILURES.join(', '));
  if (typeof all.id !== 'string') throw refusal(file, 'id', all.id, 'a text');
  const number = (key: string, value: unknown, [least, most]: readonly [number, number]) => {
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    throw refusal(file, key, value, `a number from ${least} to ${most}`);
  };
  return {
    id: all.id,
    disk: {
      syncDelayMs: number('disk.syncDelayMs', disk.syncDelayMs, [0, DELAY_MS_MAX]),
      failure: known,
    },
    clock: {
      offsetMs: number('clock.offsetMs', clock.offsetMs, [-OFFSET_MS_MAX, OFFSET_MS_MAX]),
      rate: number('clock.rate', clock.rate, [RATE_MIN, RATE_MAX]),
    },
  };
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw problem(`file ${file} is not JSON: ${(error as Error).message}`);
  }
}

function objectOf(
  value: unknown,
  keys: readonly string[],
  key: string,
  file: string,
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refusal(file, key || 'the file', value, `an object of ${keys.join(', ')}`);
  const unknown = Object.keys(value).find(each => !keys.includes(each));
  if (unknown !== undefined)
    throw problem(`file ${file}: unknown key ${JSON.stringify(unknown)}; accepted are ${keys.join(', ')}`);
  return value as Record<string, unknown>;
}

function refusal(file: string, key: string, value: unknown, accepted: string): ServerError {
  return problem(`file ${file}: ${key} is ${JSON.stringify(value)}; accepted is ${accepted}`);
}

function problem(text: string): ServerError {
  return new ServerError('ZK_INJECTED_FAULTS', `injected faults: ${text}`);
}

function versionOf(file: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(file);
    return `${ino} ${size} ${mtimeMs}`;
  } catch (error) {
    throw problem(`file ${file} cannot be read: ${(error as Error).message}`);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw problem(`file ${file} cannot be read: ${(error as Error).message}`);
  }
}

/** In one step, so that a reader never sees a part. */
function replace(file: string, report: FaultReport): void {
  writeFileSync(`${file}.new`, JSON.stringify(report));
  renameSync(`${file}.new`, file);
}
