/**
 * The requests of a load: a weighted mix over a set of keys, from a seed. Keys are in directories of
 * `KEYS_PER_DIRECTORY`. Each session creates in its own directory, and its deletes remove what it created, so
 * that the workload itself causes no failures.
 */
import { OPEN_ACL_UNSAFE, writeAcl } from '../../server/wire/acl.ts';
import type { JuteReader } from '../../server/wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../../server/wire/multi.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import { seededRandom } from '../stats/distributions.ts';
import { type KeyChooser, type KeySkew, keyChooser } from './key-skew.ts';
import type { Session } from './session.ts';

export const operationNames = [
  'getData',
  'exists',
  'getChildren',
  'setData',
  'create',
  'delete',
  'multi',
] as const;
export type OperationName = (typeof operationNames)[number];
/** Position in `operationNames`. Hot paths index arrays by it. */
export type OperationIndex = number;

export const isWrite: Record<OperationName, boolean> = {
  getData: false,
  exists: false,
  getChildren: false,
  setData: true,
  create: true,
  delete: true,
  multi: true,
};

export interface WorkloadSpec {
  /** Weights; they need not sum to 1. */
  mix: Partial<Record<OperationName, number>>;
  valueBytes: number;
  keyCount: number;
  skew: KeySkew;
  /** Number of writes in one multi. */
  multiSize?: number;
  root?: string;
  seed: number;
}

const WORKLOAD_DEFAULTS = { multiSize: 4, root: '/load' } as const;
const KEYS_PER_DIRECTORY = 100;

/**
 * Maximum number of znodes that a session has created and not deleted. Beyond it, a create is sent as setData
 * of a key.
 */
const OWN_NODES_MAX = 100_000;

/** The part that all sessions share: tables that depend only on the spec. */
export class Workload {
  readonly spec: Readonly<WorkloadSpec>;
  readonly root: string;
  readonly multiSize: number;
  readonly keyPaths: readonly string[];
  readonly directories: readonly string[];
  readonly value: Buffer;
  readonly chooseKey: KeyChooser;
  /** Cumulative weights by OperationIndex; the last is 1. */
  readonly #cumulative: Float64Array;

  constructor(spec: WorkloadSpec) {
    this.spec = spec;
    this.root = spec.root ?? WORKLOAD_DEFAULTS.root;
    this.multiSize = spec.multiSize ?? WORKLOAD_DEFAULTS.multiSize;
    this.chooseKey = keyChooser(spec.skew, spec.keyCount);
    this.#cumulative = cumulate(spec.mix);
    const directoryCount = Math.ceil(spec.keyCount / KEYS_PER_DIRECTORY);
    this.directories = Array.from({ length: directoryCount }, (_, i) => `${this.root}/d${i}`);
    this.keyPaths = Array.from(
      { length: spec.keyCount },
      (_, key) => `${this.directories[Math.floor(key / KEYS_PER_DIRECTORY)]}/k${key}`,
    );
    if (!Number.isInteger(spec.valueBytes) || spec.valueBytes < 0 || spec.valueBytes > 1_000_000) {
      throw new RangeError(`valueBytes ${spec.valueBytes}: 0 to 1,000,000 is accepted (jute.maxbuffer)`);
    }
    const random = seededRandom(spec.seed);
    this.value = Buffer.from(Array.from({ length: spec.valueBytes }, () => Math.floor(random() * 256)));
  }

  chooseOperation(u: number): OperationIndex {
    let index = 0;
    while (u >= this.#cumulative[index]!) index++;
    return index;
  }

  /** Where session number `index` creates its own znodes. */
  ownDirectory(index: number): string {
    return `${this.root}/own${index}`;
  }
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

/** The operations of one session: equal seed and index give equal operations. */
export class WorkloadCursor {
  readonly #workload: Workload;
  readonly #random: () => number;
  readonly #ownDirectory: string;
  /** Names of own znodes that certainly exist, oldest first, from `#ownHead` on. */
  #own: string[] = [];
  #ownHead = 0;
  readonly #createsInFlight: string[] = [];
  #created = 0;
  readonly #incarnation: string;

  /** @param incarnation keeps the names of this run distinct from those of an earlier one */
  constructor(workload: Workload, index: number, incarnation: string) {
    this.#workload = workload;
    this.#random = seededRandom(workload.spec.seed + Math.imul(index + 1, 0x9e37_79b1));
    this.#ownDirectory = workload.ownDirectory(index);
    this.#incarnation = incarnation;
  }

  /**
   * Decides the next operation and writes it to the session's output; the caller then calls `session.end`.
   * Returns what was sent: a delete with nothing to delete becomes a create, and is counted as one.
   */
  write(session: Session): OperationIndex {
    const wanted = this.#workload.chooseOperation(this.#random());
    switch (wanted) {
      case GET_DATA:
        session.begin(OpCode.getData).writeString(this.#key()).writeByte(0);
        return wanted;
      case EXISTS:
        session.begin(OpCode.exists).writeString(this.#key()).writeByte(0);
        return wanted;
      case GET_CHILDREN:
        session.begin(OpCode.getChildren).writeString(this.#directory()).writeByte(0);
        return wanted;
      case CREATE:
        return this.#ownCount >= OWN_NODES_MAX ? this.#setData(session) : this.#create(session);
      case DELETE:
        return this.#ownCount === 0 ? this.#create(session) : this.#delete(session);
      case MULTI:
        return this.#multi(session);
      default:
        return this.#setData(session);
    }
  }

  /** Must be called for every create, in order. Only created znodes can be deleted. */
  onCreated(succeeded: boolean): void {
    const path = this.#createsInFlight.shift();
    if (succeeded && path !== undefined) this.#own.push(path);
  }

  get #ownCount(): number {
    return this.#own.length - this.#ownHead;
  }

  #key(): string {
    return this.#workload.keyPaths[this.#workload.chooseKey(this.#random())]!;
  }

  #directory(): string {
    return this.#workload.directories[
      Math.floor(this.#workload.chooseKey(this.#random()) / KEYS_PER_DIRECTORY)
    ]!;
  }

  #setData(session: Session): OperationIndex {
    session.begin(OpCode.setData).writeString(this.#key()).writeBuffer(this.#workload.value).writeInt(-1);
    return SET_DATA;
  }

  #create(session: Session): OperationIndex {
    const path = `${this.#ownDirectory}/${this.#incarnation}${this.#created++}`;
    const body = session.begin(OpCode.create).writeString(path).writeBuffer(this.#workload.value);
    body.writeVector(OPEN_ACL_UNSAFE, writeAcl).writeInt(0);
    this.#createsInFlight.push(path);
    return CREATE;
  }

  #delete(session: Session): OperationIndex {
    session
      .begin(OpCode.delete)
      .writeString(this.#own[this.#ownHead++]!)
      .writeInt(-1);
    if (this.#ownHead > 1_000 && this.#ownHead * 2 > this.#own.length) {
      this.#own = this.#own.slice(this.#ownHead);
      this.#ownHead = 0;
    }
    return DELETE;
  }

  #multi(session: Session): OperationIndex {
    const { value, multiSize } = this.#workload;
    const body = session.begin(OpCode.multi);
    for (let i = 0; i < multiSize; i++) {
      writeMultiHeader(body, OpCode.setData, false, -1);
      body.writeString(this.#key()).writeBuffer(value).writeInt(-1);
    }
    writeMultiEnd(body);
    return MULTI;
  }
}

const [GET_DATA, EXISTS, GET_CHILDREN, SET_DATA, CREATE, DELETE, MULTI] = [0, 1, 2, 3, 4, 5, 6] as const;

/**
 * The error of a reply. The header of a failed multi says 0, and the results say why.
 * @see docs/wire.md "Multi"
 */
export function errorOf(operation: OperationIndex, headerErr: number, reader: JuteReader): number {
  if (operation !== MULTI || headerErr !== 0) return headerErr;
  // Writes before the failed one carry 0, those after it RUNTIMEINCONSISTENCY. The remaining one is the
  // reason.
  let err = 0;
  while (reader.readInt() === OpCode.error) {
    const done = reader.readBoolean();
    const code = reader.readInt();
    if (done) break;
    reader.skip(4);
    if (err === 0) err = code;
  }
  return err;
}
