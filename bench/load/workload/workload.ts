/**
 * The requests of a load: a weighted mix over a set of keys, from a seed. Keys are in directories of
 * `KEYS_PER_DIRECTORY`. Each session creates in its own directory, and its deletes remove what it created, so
 * that the workload itself causes no failures.
 */
import { type KeyChooser, type KeySkew, keyChooser } from './key-skew.ts';
import { type OperationIndex, type OperationName, operationNames } from './operations.ts';
import {
  checkValueSizes,
  largestValueBytes,
  VALUE_BYTES_MAX,
  type ValueSizes,
  valuesOf,
} from './value-sizes.ts';

export interface WorkloadSpec {
  /** Weights; they need not sum to 1. */
  mix: Partial<Record<OperationName, number>>;
  valueBytes: ValueSizes;
  keyCount: number;
  skew: KeySkew;
  /** Number of parts in one multi or multiRead. */
  multiSize?: number;
  root?: string;
  /** For lock: how many locks there are, and how long an owner keeps one. */
  locks?: { readonly count: number; readonly holdMs: number };
  /** For watch: how many znodes each driver writes; all of its sessions watch them. */
  watchedNodes?: number;
  /** Znodes that nobody requests: they make the tree, its snapshots and its heap larger. */
  ballast?: { readonly nodes: number; readonly valueBytes: number };
  seed: number;
}

export const WORKLOAD_DEFAULTS = {
  multiSize: 4,
  root: '/load',
  locks: { count: 10, holdMs: 0 },
  watchedNodes: 10,
} as const;
export const WORKLOAD_LIMITS = {
  keyCount: 1_000_000,
  multiSize: 1_000,
  ballastNodes: 10_000_000,
  locks: 10_000,
  holdMs: 60_000,
  watchedNodes: 10_000,
} as const;
const KEYS_PER_DIRECTORY = 100;

/** @throws RangeError, TypeError naming the setting, its value and what is accepted */
export function checkWorkloadSpec(spec: WorkloadSpec): void {
  cumulate(spec.mix);
  checkValueSizes(spec.valueBytes);
  whole('keyCount', spec.keyCount, 1, WORKLOAD_LIMITS.keyCount);
  keyChooser(spec.skew, spec.keyCount);
  const { multiSize = WORKLOAD_DEFAULTS.multiSize, ballast, root = WORKLOAD_DEFAULTS.root } = spec;
  whole('multiSize', multiSize, 1, WORKLOAD_LIMITS.multiSize);
  const multiBytes = multiSize * largestValueBytes(spec.valueBytes);
  if (((spec.mix.multi ?? 0) > 0 || (spec.mix.multiRead ?? 0) > 0) && multiBytes > VALUE_BYTES_MAX)
    throw new RangeError(
      `multiSize ${multiSize}: at most 1,000,000 bytes in one multi are accepted (jute.maxbuffer), not ${multiBytes}`,
    );
  if (!/^(\/[\w.-]+)+$/.test(root) || /^\/zookeeper(\/|$)/.test(root))
    throw new RangeError(`root ${root}: a path such as /load, outside /zookeeper, is accepted`);
  const { locks = WORKLOAD_DEFAULTS.locks, watchedNodes = WORKLOAD_DEFAULTS.watchedNodes } = spec;
  whole('locks.count', locks.count, 1, WORKLOAD_LIMITS.locks);
  whole('locks.holdMs', locks.holdMs, 0, WORKLOAD_LIMITS.holdMs);
  whole('watchedNodes', watchedNodes, 1, WORKLOAD_LIMITS.watchedNodes);
  if (ballast === undefined) return;
  whole('ballast.nodes', ballast.nodes, 0, WORKLOAD_LIMITS.ballastNodes);
  whole('ballast.valueBytes', ballast.valueBytes, 0, VALUE_BYTES_MAX);
}

function whole(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new RangeError(`${name} ${value}: a whole number from ${min} to ${max} is accepted`);
}

/** The part that all sessions share: tables that depend only on the spec. */
export class Workload {
  readonly spec: Readonly<WorkloadSpec>;
  readonly root: string;
  readonly multiSize: number;
  readonly keyPaths: readonly string[];
  readonly directories: readonly string[];
  readonly lockPaths: readonly string[];
  readonly lockHoldMs: number;
  readonly chooseKey: KeyChooser;
  readonly #values: readonly Buffer[];
  /** Cumulative weights by OperationIndex; the last is 1. */
  readonly #cumulative: Float64Array;

  constructor(spec: WorkloadSpec) {
    checkWorkloadSpec(spec);
    this.spec = spec;
    this.root = spec.root ?? WORKLOAD_DEFAULTS.root;
    this.multiSize = spec.multiSize ?? WORKLOAD_DEFAULTS.multiSize;
    this.chooseKey = keyChooser(spec.skew, spec.keyCount);
    this.#cumulative = cumulate(spec.mix);
    const directoryCount = Math.ceil(spec.keyCount / KEYS_PER_DIRECTORY);
    this.directories = Array.from({ length: directoryCount }, (_, i) => `${this.root}/d${i}`);
    this.keyPaths = Array.from(
      { length: spec.keyCount },
      (_, key) => `${this.directories[directoryOf(key)]}/k${key}`,
    );
    const { count, holdMs } = spec.locks ?? WORKLOAD_DEFAULTS.locks;
    this.lockPaths = Array.from({ length: count }, (_, i) => `${this.root}/lock${i}`);
    this.lockHoldMs = holdMs;
    this.#values = valuesOf(spec.valueBytes, spec.seed);
  }

  chooseOperation(u: number): OperationIndex {
    let index = 0;
    while (u >= this.#cumulative[index]!) index++;
    return index;
  }

  /** A value of one of the sizes. Draws nothing when there is only one. */
  chooseValue(random: () => number): Buffer {
    const values = this.#values;
    return values.length === 1 ? values[0]! : values[Math.floor(random() * values.length)]!;
  }

  /** The nodes that the driver with this first session writes for watch. */
  watchedPaths(firstSession: number): string[] {
    const length = this.spec.watchedNodes ?? WORKLOAD_DEFAULTS.watchedNodes;
    return Array.from({ length }, (_, i) => `${this.root}/watched${firstSession}-${i}`);
  }

  /** Where session number `index` creates its own znodes. */
  ownDirectory(index: number): string {
    return `${this.root}/own${index}`;
  }
}

/** Index of the directory that contains a key. */
export function directoryOf(key: number): number {
  return Math.floor(key / KEYS_PER_DIRECTORY);
}

function cumulate(mix: WorkloadSpec['mix']): Float64Array {
  const unknown = Object.keys(mix).filter(name => !(operationNames as readonly string[]).includes(name));
  if (unknown.length > 0) {
    throw new TypeError(
      `operation mix names ${unknown.join(', ')}: accepted are ${operationNames.join(', ')}`,
    );
  }
  const weights = operationNames.map(name => mix[name] ?? 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0) || weights.some(weight => weight < 0)) {
    throw new RangeError(
      `operation mix ${JSON.stringify(mix)}: weights of 0 or more, not all 0, are accepted`,
    );
  }
  let sum = 0;
  const cumulative = Float64Array.from(weights, weight => {
    sum += weight / total;
    return sum;
  });
  cumulative.fill(
    1,
    weights.findLastIndex(weight => weight > 0),
  );
  return cumulative;
}
