/** The operations of one session, in order: equal seed and index give equal operations. */
import { OPEN_ACL_UNSAFE, writeAcl } from '../../../server/wire/acl.ts';
import type { JuteReader, JuteWriter } from '../../../server/wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../../../server/wire/multi.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import { seededRandom } from '../../stats/distributions.ts';
import type { Session } from '../session/session.ts';
import { indexOf, type OperationIndex, RECIPES_FROM } from './operations.ts';
import { OwnNodes } from './own-nodes.ts';
import { directoryOf, type Workload } from './workload.ts';

/**
 * Maximum number of znodes that a session has created and not deleted. Beyond it, a create is sent as setData
 * of a key.
 */
const OWN_NODES_MAX = 100_000;

/** CreateMode, as it is sent. */
const CREATE_FLAGS = { persistent: 0, ephemeral: 1, sequential: 2 } as const;

const GET_DATA = indexOf('getData');
const EXISTS = indexOf('exists');
const GET_CHILDREN = indexOf('getChildren');
const SET_DATA = indexOf('setData');
const CREATE = indexOf('create');
const DELETE = indexOf('delete');
const MULTI = indexOf('multi');
const GET_CHILDREN2 = indexOf('getChildren2');
const GET_ACL = indexOf('getACL');
const SYNC = indexOf('sync');
const MULTI_READ = indexOf('multiRead');
const CREATE2 = indexOf('create2');
const CREATE_SEQUENTIAL = indexOf('createSequential');
const CREATE_EPHEMERAL = indexOf('createEphemeral');
const SET_ACL = indexOf('setACL');
const CHECK = indexOf('check');

const CREATES: ReadonlySet<OperationIndex> = new Set([CREATE, CREATE2, CREATE_SEQUENTIAL, CREATE_EPHEMERAL]);

export class WorkloadCursor {
  readonly #workload: Workload;
  readonly #random: () => number;
  readonly #ownDirectory: string;
  /** Own znodes that certainly exist. */
  readonly #own = new OwnNodes();
  readonly #ownEphemerals = new OwnNodes();
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

  /** Whether `onCreated` must be called for the operation. */
  static creates(operation: OperationIndex): boolean {
    return CREATES.has(operation);
  }

  /**
   * Decides the next operation and writes it to the session's output; the caller then calls `session.end`.
   * Returns what was sent: a delete with nothing to delete becomes a create, and is counted as one. Nothing
   * is written for a recipe, which its session carries out.
   */
  write(session: Session): OperationIndex {
    const wanted = this.#workload.chooseOperation(this.#random());
    if (wanted >= RECIPES_FROM) return wanted;
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
      case CREATE2:
      case CREATE_SEQUENTIAL:
      case CREATE_EPHEMERAL:
        return this.#ownCount >= OWN_NODES_MAX ? this.#setData(session) : this.#create(session, wanted);
      case DELETE:
        return this.#ownCount === 0 ? this.#create(session, CREATE) : this.#delete(session);
      case MULTI:
        return this.#multi(session);
      case GET_CHILDREN2:
        session.begin(OpCode.getChildren2).writeString(this.#directory()).writeByte(0);
        return wanted;
      case GET_ACL:
        session.begin(OpCode.getACL).writeString(this.#key());
        return wanted;
      case SYNC:
        session.begin(OpCode.sync).writeString(this.#key());
        return wanted;
      case MULTI_READ:
        return this.#multiRead(session);
      case SET_ACL:
        return this.#setAcl(session);
      case CHECK:
        return this.#check(session);
      default:
        return this.#setData(session);
    }
  }

  /**
   * Must be called for every create, in order. Only created znodes can be deleted.
   * @param body of the reply, which says how the server numbered a sequential znode; undefined if it failed
   */
  onCreated(operation: OperationIndex, body: JuteReader | undefined): void {
    const path = this.#createsInFlight.shift();
    if (body === undefined || path === undefined) return;
    if (operation === CREATE_EPHEMERAL) this.#ownEphemerals.add(path);
    else this.#own.add(operation === CREATE_SEQUENTIAL ? (body.readString() ?? path) : path);
  }

  /** The session begins anew, and its ephemerals ended with the old one. */
  onNewSession(): void {
    this.#ownEphemerals.clear();
  }

  get #ownCount(): number {
    return this.#own.count + this.#ownEphemerals.count;
  }

  #key(): string {
    return this.#workload.keyPaths[this.#workload.chooseKey(this.#random())]!;
  }

  #directory(): string {
    return this.#workload.directories[directoryOf(this.#workload.chooseKey(this.#random()))]!;
  }

  #setData(session: Session): OperationIndex {
    this.#writeSetData(session.begin(OpCode.setData));
    return SET_DATA;
  }

  #writeSetData(body: JuteWriter): void {
    body.writeString(this.#key()).writeBuffer(this.#workload.chooseValue(this.#random)).writeInt(-1);
  }

  #create(session: Session, operation: OperationIndex): OperationIndex {
    const path = `${this.#ownDirectory}/${this.#incarnation}${this.#created++}`;
    const body = session.begin(operation === CREATE2 ? OpCode.create2 : OpCode.create);
    body.writeString(path).writeBuffer(this.#workload.chooseValue(this.#random));
    body.writeVector(OPEN_ACL_UNSAFE, writeAcl).writeInt(flagsOf(operation));
    this.#createsInFlight.push(path);
    return operation;
  }

  /** Ephemerals first, so that they do not add up while the others are deleted. */
  #delete(session: Session): OperationIndex {
    const oldest = this.#ownEphemerals.takeOldest() ?? this.#own.takeOldest();
    session.begin(OpCode.delete).writeString(oldest!).writeInt(-1);
    return DELETE;
  }

  #multi(session: Session): OperationIndex {
    const body = session.begin(OpCode.multi);
    for (let i = 0; i < this.#workload.multiSize; i++) {
      writeMultiHeader(body, OpCode.setData, false, -1);
      this.#writeSetData(body);
    }
    writeMultiEnd(body);
    return MULTI;
  }

  #multiRead(session: Session): OperationIndex {
    const body = session.begin(OpCode.multiRead);
    for (let i = 0; i < this.#workload.multiSize; i++) {
      writeMultiHeader(body, OpCode.getData, false, -1);
      body.writeString(this.#key()).writeByte(0);
    }
    writeMultiEnd(body);
    return MULTI_READ;
  }

  #setAcl(session: Session): OperationIndex {
    const body = session.begin(OpCode.setACL).writeString(this.#key());
    body.writeVector(OPEN_ACL_UNSAFE, writeAcl).writeInt(-1);
    return SET_ACL;
  }

  /**
   * Writes as a controller does that first checks that it still is the controller. The check accepts any
   * version, so it passes.
   */
  #check(session: Session): OperationIndex {
    const body = session.begin(OpCode.multi);
    writeMultiHeader(body, OpCode.check, false, -1);
    body.writeString(this.#key()).writeInt(-1);
    writeMultiHeader(body, OpCode.setData, false, -1);
    this.#writeSetData(body);
    writeMultiEnd(body);
    return CHECK;
  }
}

function flagsOf(operation: OperationIndex): number {
  if (operation === CREATE_SEQUENTIAL) return CREATE_FLAGS.sequential;
  return operation === CREATE_EPHEMERAL ? CREATE_FLAGS.ephemeral : CREATE_FLAGS.persistent;
}
