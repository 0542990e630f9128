import { createPacket } from '../storage/storage.test-kit.ts';
import { JuteWriter } from '../wire/jute.ts';
import { juteLimits } from '../wire/jute-limits.ts';
import { PacketType, packetName, type QuorumPacket, writeQuorumPacket } from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { follows, zxidToHex } from '../wire/zxid.ts';
import { type LearnerEvent, type LearnerOutput, LearnerSide } from './learner-side.ts';
import { type MasterEvent, type MasterOutput, MasterSide } from './master-side.ts';
import { PacketReader, type PacketView } from './packet-stream.ts';

/** What the master says to the learner: bytes of a packet, or a part of the stream after a SNAP. */
type Said = Buffer | 'half a tree' | 'the rest of the tree';

/** Steps that take as long as the story wants. */
export const GATES = ['disk', 'epoch', 'epochAck', 'seat', 'start', 'log', 'stream'] as const;
export type Gate = (typeof GATES)[number];

export interface LearnerOnDisk {
  readonly sid: number;
  readonly role: 'follower' | 'observer';
  acceptedEpoch: number;
  currentEpoch: number;
  /** Zxids in its newest snapshot. */
  snapshot: number[];
  log: number[];
  /** How many entries of `log` survive power loss. */
  durable: number;
  isWiped: boolean;
  snapshotNeeded: boolean;
}

export interface MasterState {
  readonly name: 'leader' | 'observer master';
  readonly epoch: number;
  /** All that was ever committed. */
  readonly committed: number[];
  /** The oldest transaction in memory, and on disk. */
  memoryFrom: number;
  diskFrom: number;
  forceSnapshot: boolean;
}

/**
 * Both sides of Zab's synchronisation in conversation. Every output of either side is carried out in its
 * order on models of disks, and logged as a line. What takes time is over at once, unless the story holds its
 * gate.
 */
export class Conversation {
  readonly learner: LearnerOnDisk;
  readonly master: MasterState;
  readonly #log: (line: string) => void;
  /** Called before an output of the learner is carried out. */
  onLearnerOutput: (output: LearnerOutput) => void = () => {};
  /** A test plants its mistakes here. */
  tamper: (outputs: readonly LearnerOutput[]) => readonly LearnerOutput[] = outputs => outputs;
  /** Zxids applied in the memory of the running process. */
  tree: number[] = [];
  isServing = false;
  isOpen = false;
  #learnerSide = new LearnerSide();
  #masterSide: MasterSide;
  /** Counts connections: one that was cut does nothing any more. */
  #life = 0;
  readonly #due: (() => void)[] = [];
  readonly #held = new Set<Gate>();
  readonly #waiting = new Map<Gate, () => void>();

  #toLearner: Said[] = [];
  #outputs: readonly LearnerOutput[] = [];
  #nextOutput = 0;
  #waitsFor: 'snapshot' | 'disk' | null = null;
  #arriving: { readonly zxid: number; readonly tree: readonly number[] } | null = null;

  /** Proposals of the master that are not committed yet. */
  readonly #outstanding: number[] = [];
  #isForwarding = false;
  #isHolding = false;
  #holdBack: QuorumPacket[] = [];

  constructor(learner: LearnerOnDisk, master: MasterState, log: (line: string) => void = () => {}) {
    this.learner = learner;
    this.master = master;
    this.#log = log;
    this.#masterSide = this.#newMasterSide();
    this.tree = this.#recovered();
  }

  get history(): number[] {
    return [...this.learner.snapshot, ...this.learner.log];
  }

  hold(gate: Gate): void {
    this.#held.add(gate);
  }

  release(gate: Gate): void {
    this.#held.delete(gate);
    const run = this.#waiting.get(gate);
    this.#waiting.delete(gate);
    if (run !== undefined) this.#due.push(run);
    this.#run();
  }

  #newMasterSide(): MasterSide {
    return new MasterSide({
      acceptsFollowers: this.master.name === 'leader',
      roleOf: sid =>
        sid === this.learner.sid && this.learner.role === 'observer' ? 'observer' : 'participant',
    });
  }

  connect(): void {
    if (this.isOpen) this.cut();
    this.isOpen = true;
    this.#learnerSide = new LearnerSide();
    this.#masterSide = this.#newMasterSide();
    const { sid, role, acceptedEpoch, currentEpoch, snapshotNeeded, isWiped } = this.learner;
    const lastLoggedZxid = this.history.at(-1) ?? 0;
    const lastProcessedZxid = isWiped ? -1 : lastLoggedZxid;
    const history = { lastLoggedZxid, lastProcessedZxid, snapshotNeeded };
    const state = { sid, role, acceptedEpoch, currentEpoch, ...history, configVersion: 0 };
    this.stepLearner({ type: 'connected', state });
    this.#run();
  }

  /** Cuts the connection. What the learner logged is in its tree when it comes back. */
  cut(): void {
    this.#life++;
    this.isOpen = false;
    this.isServing = false;
    this.#due.length = 0;
    this.#waiting.clear();
    this.#toLearner = [];
    this.#outputs = [];
    this.#waitsFor = null;
    this.#arriving = null;
    this.#isForwarding = false;
    this.#isHolding = false;
    this.#holdBack = [];
    this.learner.durable = this.learner.log.length;
    this.tree = this.#recovered();
  }

  /** The learner loses power, and with it what it has not synced. */
  crash(): void {
    const { log, durable } = this.learner;
    log.length = durable;
    this.cut();
  }

  #recovered(): number[] {
    return this.learner.isWiped ? [] : this.history;
  }

  /** Gives the learner a packet that the master has not sent. */
  sayToLearner(type: PacketType, zxid: number): void {
    this.#log(`M > L  ${packetName(type)} ${zxidToHex(zxid)}`);
    this.#toLearner.push(bytesOf({ type, zxid, data: null, authinfo: null }));
    this.#run();
  }

  sayToMaster(type: PacketType, zxid: number): void {
    this.#log(`L > M  ${packetName(type)} ${zxidToHex(zxid)}`);
    this.#toMaster({ type, zxid, data: null, authinfo: null });
    this.#run();
  }

  propose(zxid: number): void {
    this.#outstanding.push(zxid);
    if (this.#isForwarding && this.learner.role === 'follower') this.#forward(PacketType.PROPOSAL, zxid);
    this.#run();
  }

  /** Commits the oldest proposal. */
  commit(): void {
    const zxid = this.#outstanding.shift();
    if (zxid === undefined) return;
    this.master.committed.push(zxid);
    const type = this.learner.role === 'follower' ? PacketType.COMMIT : PacketType.INFORM;
    if (this.#isForwarding) this.#forward(type, zxid);
    this.#run();
  }

  /** Tells the master's side that too much is held for the learner. */
  letGo(): void {
    if (!this.#isHolding || !this.#isForwarding) return;
    this.#isForwarding = false;
    this.#holdBack = [];
    this.#log('M      lets go of what it held');
    this.#stepMaster({ type: 'letGo' });
    this.#run();
  }

  #forward(type: PacketType, zxid: number): void {
    const packet = { type, zxid, data: null, authinfo: null };
    if (!this.#isHolding) {
      this.#send(packet);
      return;
    }
    this.#holdBack.push(packet);
    this.#log(`M      holds ${packetName(type)} ${zxidToHex(zxid)}`);
  }

  #run(): void {
    for (;;) {
      while (this.#toLearner.length > 0 && this.#waitsFor !== 'disk' && this.isOpen) {
        this.#hear(this.#toLearner.shift()!);
      }
      const next = this.#due.shift();
      if (next === undefined) return;
      next();
    }
  }

  #gate(gate: Gate, run: () => void): void {
    const life = this.#life;
    const alive = () => {
      if (life === this.#life) run();
    };
    if (this.#held.has(gate)) this.#waiting.set(gate, alive);
    else this.#due.push(alive);
  }

  // ------------------------------------------------------------------ the learner

  #hear(said: Said): void {
    if (said === 'half a tree') return;
    if (said === 'the rest of the tree') this.#learnerGoesOn();
    else if (this.isServing) this.#hearBroadcast(viewOf(said));
    else this.stepLearner({ type: 'packet', packet: viewOf(said) });
  }

  /** As Follower and Observer do. */
  #hearBroadcast({ type, zxid }: PacketView): void {
    const isObserver = this.learner.role === 'observer';
    if (type === PacketType.COMMIT && !isObserver) this.tree.push(zxid);
    if (type !== (isObserver ? PacketType.INFORM : PacketType.PROPOSAL)) return;
    const last = this.history.at(-1) ?? 0;
    if (!follows(zxid, last)) throw new Error(`${zxidToHex(zxid)} does not follow ${zxidToHex(last)}`);
    this.learner.log.push(zxid);
    if (isObserver) this.tree.push(zxid);
  }

  stepLearner(event: LearnerEvent): void {
    this.#outputs = this.tamper(this.#learnerSide.step(event));
    this.#nextOutput = 0;
    this.#carryOut();
  }

  #carryOut(): void {
    while (this.#nextOutput < this.#outputs.length && this.#waitsFor === null && this.isOpen) {
      const output = this.#outputs[this.#nextOutput++]!;
      this.onLearnerOutput(output);
      this.#perform(output);
    }
  }

  #learnerGoesOn(): void {
    this.#waitsFor = null;
    this.#carryOut();
  }

  #perform(output: LearnerOutput): void {
    const { learner } = this;
    this.#log(output.type === 'send' ? `L > M  ${told(output.packet)}` : `L      ${toldOfLearner(output)}`);
    switch (output.type) {
      case 'send':
        this.#due.push(() => this.#toMaster(output.packet));
        return;
      case 'setAcceptedEpoch':
        learner.acceptedEpoch = output.epoch;
        return;
      case 'setCurrentEpoch':
        learner.currentEpoch = output.epoch;
        return;
      case 'truncate':
        this.#truncate(output.zxid);
        return;
      case 'receiveSnapshot':
        this.#waitsFor = 'snapshot';
        return;
      case 'restoreSnapshot':
        this.#onDisk(() => this.#restore());
        return;
      case 'needSnapshot':
        learner.snapshotNeeded = output.isNeeded;
        return;
      case 'log':
        learner.log.push(output.txn.zxid);
        return;
      case 'apply':
        this.tree.push(output.txn.zxid);
        return;
      case 'flush': {
        const { length } = learner.log;
        this.#onDisk(() => {
          learner.durable = length;
        });
        return;
      }
      case 'serve':
        this.#serve(output.committed, output.pending);
        return;
      case 'leave':
        this.cut();
        return;
      case 'announceCurrentEpoch':
      case 'beginSync':
      case 'keepConfig':
      case 'adoptConfig':
        return;
    }
  }

  #onDisk(done: () => void): void {
    this.#waitsFor = 'disk';
    this.#gate('disk', () => {
      done();
      this.#learnerGoesOn();
    });
  }

  #truncate(zxid: number): void {
    const { learner } = this;
    const at = learner.log.indexOf(zxid);
    if (at < 0 && zxid !== (learner.snapshot.at(-1) ?? 0)) {
      this.stepLearner({ type: 'truncImpossible', zxid });
      return;
    }
    learner.log.length = at + 1;
    learner.durable = at + 1;
    this.tree = this.history;
  }

  #restore(): void {
    const { learner } = this;
    learner.snapshot = [...this.#arriving!.tree];
    learner.log = [];
    learner.durable = 0;
    learner.isWiped = false;
    this.tree = [...learner.snapshot];
    this.#arriving = null;
  }

  #serve(committed: readonly TxnPacket[], pending: readonly TxnPacket[]): void {
    for (const { zxid } of [...committed, ...pending]) this.learner.log.push(zxid);
    for (const { zxid } of committed) this.tree.push(zxid);
    this.isServing = true;
  }

  // ------------------------------------------------------------------ the master

  #toMaster(packet: QuorumPacket): void {
    const { phase } = this.#masterSide;
    if (phase === 'start' || phase === 'broadcast') return;
    this.#stepMaster({ type: 'packet', packet: viewOf(bytesOf(packet)) });
  }

  #stepMaster(event: MasterEvent): void {
    for (const output of this.#masterSide.step(event)) this.#performMaster(output);
  }

  get #lastProcessedZxid(): number {
    return this.master.committed.at(-1) ?? 0;
  }

  #performMaster(output: MasterOutput): void {
    if (output.type === 'send') this.#send(output.packet);
    else if (output.type === 'sendNewLeader') this.#sendNewLeader(output.zxid);
    else this.#log(`M      ${toldOfMaster(output)}`);
    switch (output.type) {
      case 'awaitEpoch':
        this.#gate('epoch', () => this.#stepMaster({ type: 'epoch', epoch: this.master.epoch }));
        return;
      case 'awaitEpochAck':
        this.#gate('epochAck', () => this.#stepMaster({ type: 'epochAcked' }));
        return;
      case 'awaitSeat':
        this.#gate('seat', () => this.#onSeated());
        return;
      case 'register':
        this.#register(output.lastZxid);
        return;
      case 'readLog':
        this.#gate('log', () => this.#onLogRead(output.after));
        return;
      case 'bringSnapshot':
        this.#bringSnapshot();
        return;
      case 'bringHistory':
        this.#gate('stream', () => this.#bringHistory(output));
        return;
      case 'awaitStart':
        this.#gate('start', () => this.#stepMaster({ type: 'started', ...this.#moment }));
        return;
      case 'release':
        this.#isHolding = false;
        for (const packet of this.#holdBack.splice(0)) this.#send(packet);
        return;
      case 'close':
        this.cut();
        return;
      case 'send':
      case 'sendNewLeader':
      case 'beginSync':
        return;
    }
  }

  get #moment(): { readonly lastProcessedZxid: number } {
    return { lastProcessedZxid: this.#lastProcessedZxid };
  }

  #onSeated(): void {
    const { committed, memoryFrom, forceSnapshot } = this.master;
    const zxids = committed.filter(zxid => zxid >= memoryFrom);
    const lastProcessedZxid = this.#lastProcessedZxid;
    const min = zxids[0] ?? lastProcessedZxid;
    const max = zxids.at(-1) ?? lastProcessedZxid;
    const history = { lastProcessedZxid, committed: { min, max, zxids }, forceSnapshot };
    this.#stepMaster({ type: 'seated', history });
  }

  #register(lastZxid: number): void {
    this.#isForwarding = true;
    this.#isHolding = true;
    this.#holdBack = [];
    if (this.learner.role === 'observer') return;
    for (const zxid of this.#outstanding) if (zxid > lastZxid) this.#forward(PacketType.PROPOSAL, zxid);
  }

  /**
   * Answers with the log from at or before `after` on, or with nothing when it does not reach back that far.
   */
  #onLogRead(after: number): void {
    const { committed, diskFrom } = this.master;
    const onDisk = committed.filter(zxid => zxid >= diskFrom);
    const reaches = onDisk[0] === committed[0] || (onDisk[0] ?? Number.POSITIVE_INFINITY) <= after;
    const zxids = reaches && after >= 0 ? onDisk : null;
    this.#stepMaster({ type: 'logRead', zxids, ...this.#moment });
  }

  #bringSnapshot(): void {
    const tree = [...this.master.committed];
    this.#arriving = { zxid: this.#lastProcessedZxid, tree };
    this.#log('M > L  half a tree');
    this.#toLearner.push('half a tree');
    this.#gate('stream', () => {
      this.#log('M > L  the rest of the tree');
      this.#toLearner.push('the rest of the tree');
      this.#stepMaster({ type: 'brought', ...this.#moment });
    });
  }

  #bringHistory({ after, through, asInform }: { after: number; through: number; asInform: boolean }): void {
    for (const zxid of this.master.committed) {
      if (zxid <= after || zxid > through) continue;
      const types = asInform ? [PacketType.INFORM] : [PacketType.PROPOSAL, PacketType.COMMIT];
      for (const type of types) this.#send({ type, zxid, data: null, authinfo: null });
    }
    this.#stepMaster({ type: 'brought', ...this.#moment });
  }

  #sendNewLeader(zxid: number): void {
    this.#send({ type: PacketType.NEWLEADER, zxid, data: Buffer.from('version=0'), authinfo: null });
  }

  #send(packet: QuorumPacket): void {
    this.#log(`M > L  ${told(packet)}`);
    this.#toLearner.push(bytesOf(packet));
  }
}

/** The bytes of a packet. A PROPOSAL or INFORM gets the transaction of its zxid. */
function bytesOf(packet: QuorumPacket): Buffer {
  if (packet.type === PacketType.PROPOSAL || packet.type === PacketType.INFORM) {
    const { bytes } = createPacket(packet.zxid);
    bytes.writeInt32BE(packet.type, 0);
    return bytes;
  }
  const writer = new JuteWriter();
  writeQuorumPacket(writer, packet);
  return writer.toBuffer();
}

function viewOf(bytes: Buffer): PacketView {
  let view: PacketView | undefined;
  new PacketReader(juteLimits().packetBytesMax, packet => {
    view = packet;
  }).feed(bytes);
  if (view === undefined) throw new Error(`no whole packet in ${bytes.length} bytes`);
  return view;
}

function told({ type, zxid, data }: QuorumPacket): string {
  const name = type === PacketType.UPTODATE ? packetName(type) : `${packetName(type)} ${zxidToHex(zxid)}`;
  if (type !== PacketType.ACKEPOCH) return name;
  const epoch = data!.readInt32BE(0);
  return `${name}, ${epoch < 0 ? 'not to be counted' : `currentEpoch ${epoch}`}`;
}

function toldOfLearner(output: Exclude<LearnerOutput, { type: 'send' }>): string {
  switch (output.type) {
    case 'setAcceptedEpoch':
      return `writes acceptedEpoch ${output.epoch}`;
    case 'announceCurrentEpoch':
      return `announces currentEpoch ${output.epoch}`;
    case 'setCurrentEpoch':
      return `writes currentEpoch ${output.epoch}`;
    case 'beginSync':
      return `begins ${output.mode}`;
    case 'truncate':
      return `cuts its log behind ${zxidToHex(output.zxid)}`;
    case 'receiveSnapshot':
      return `receives the tree at ${zxidToHex(output.zxid)}`;
    case 'restoreSnapshot':
      return 'writes that tree to its disk, and takes it for its own';
    case 'needSnapshot':
      return output.isNeeded ? 'will ask for a SNAP' : 'need not ask for a SNAP';
    case 'log':
      return `logs ${zxidToHex(output.txn.zxid)}`;
    case 'apply':
      return `applies ${zxidToHex(output.txn.zxid)}`;
    case 'flush':
      return 'syncs its log';
    case 'keepConfig':
      return 'keeps the configuration of NEWLEADER as last seen';
    case 'adoptConfig':
      return 'puts the configuration of NEWLEADER in force';
    case 'serve':
      return `serves; committed since NEWLEADER: ${list(output.committed)}, pending: ${list(output.pending)}`;
    case 'leave':
      return `leaves: ${output.reason}`;
  }
}

function toldOfMaster(output: Exclude<MasterOutput, { type: 'send' | 'sendNewLeader' }>): string {
  switch (output.type) {
    case 'awaitEpoch':
      return `waits for the new epoch; ${output.isObserver ? 'observer' : 'follower'} ${output.info.sid} accepted ${output.info.acceptedEpoch}`;
    case 'awaitEpochAck':
      return 'waits for a quorum that has accepted the epoch';
    case 'awaitSeat':
      return 'waits for the seat of the learner';
    case 'register':
      return `holds live traffic after ${zxidToHex(output.lastZxid)}`;
    case 'readLog':
      return `reads its log after ${zxidToHex(output.after)}, through ${zxidToHex(output.through)}`;
    case 'beginSync':
      return `begins ${output.mode}`;
    case 'bringSnapshot':
      return 'sends its tree';
    case 'bringHistory':
      return `sends its log after ${zxidToHex(output.after)}, through ${zxidToHex(output.through)}`;
    case 'awaitStart':
      return 'waits for a quorum that has acknowledged NEWLEADER';
    case 'release':
      return 'lets live traffic through';
    case 'close':
      return `closes: ${output.reason}`;
  }
}

function list(packets: readonly TxnPacket[]): string {
  return packets.length === 0 ? 'none' : packets.map(({ zxid }) => zxidToHex(zxid)).join(' ');
}
