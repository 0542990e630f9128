import { createPacket } from '../storage/storage.test-kit.ts';
import { JuteWriter } from '../wire/jute.ts';
import { juteLimits } from '../wire/jute-limits.ts';
import { PacketType, packetName, type QuorumPacket, writeQuorumPacket } from '../wire/quorum-packet.ts';
import { zxidToHex } from '../wire/zxid.ts';
import { LearnerModel, type LearnerOnDisk } from './learner-model.test-kit.ts';
import { type LearnerEvent, type LearnerOutput, LearnerSide } from './learner-side.ts';
import { MasterModel, type MasterState } from './master-model.test-kit.ts';
import { type MasterEvent, type MasterOutput, MasterSide } from './master-side.ts';
import { PacketReader, type PacketView } from './packet-stream.ts';
import { told, toldOfLearner, toldOfMaster } from './told.test-kit.ts';

/** What the master says to the learner: bytes of a packet, or a part of the stream after a SNAP. */
type Said = Buffer | 'half a tree' | 'the rest of the tree';

/** Steps that take as long as the story wants. */
export const GATES = ['disk', 'epoch', 'epochAck', 'seat', 'start', 'log', 'stream'] as const;
export type Gate = (typeof GATES)[number];

/**
 * Both sides of Zab's synchronisation in conversation. Every output of either side is carried out in its
 * order on models of disks, and logged as a line. A step that takes time ends at once, unless the story holds
 * its gate.
 */
export class Conversation {
  readonly learner: LearnerModel;
  readonly master: MasterModel;
  readonly #log: (line: string) => void;
  /** Called before an output of the learner is carried out. */
  onLearnerOutput: (output: LearnerOutput) => void = () => {};
  /** A test plants its mistakes here. */
  tamper: (outputs: readonly LearnerOutput[]) => readonly LearnerOutput[] = outputs => outputs;
  isServing = false;
  isOpen = false;
  #learnerSide = new LearnerSide();
  #masterSide: MasterSide;
  /** Counts connections, so that one that was cut does nothing any more. */
  #life = 0;
  readonly #due: (() => void)[] = [];
  readonly #held = new Set<Gate>();
  readonly #waiting = new Map<Gate, () => void>();

  #toLearner: Said[] = [];
  #outputs: readonly LearnerOutput[] = [];
  #nextOutput = 0;
  #waitsFor: 'snapshot' | 'disk' | null = null;
  #arriving: readonly number[] = [];

  /** Proposals of the master that are not committed yet. */
  readonly #outstanding: number[] = [];
  #isForwarding = false;
  #isHolding = false;
  #holdBack: QuorumPacket[] = [];

  constructor(learner: LearnerOnDisk, master: MasterState, log: (line: string) => void = () => {}) {
    this.learner = new LearnerModel(learner);
    this.master = new MasterModel(master);
    this.#log = log;
    this.#masterSide = this.#newMasterSide();
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
      acceptsFollowers: this.master.state.name === 'leader',
      offersProposals: this.master.state.offersProposals === true,
      roleOf: sid => (sid === this.learner.disk.sid && this.#isObserver ? 'observer' : 'participant'),
      configVersions: () => null,
    });
  }

  get #isObserver(): boolean {
    return this.learner.disk.role === 'observer';
  }

  /** Both sides must agree on this. */
  get #hearsProposals(): boolean {
    return !this.#isObserver || this.#learnerSide.hearsProposals;
  }

  connect(): void {
    if (this.isOpen) this.cut();
    this.isOpen = true;
    this.#learnerSide = new LearnerSide();
    this.#masterSide = this.#newMasterSide();
    const { sid, role, acceptedEpoch, currentEpoch, snapshotNeeded, isWiped } = this.learner.disk;
    const asksForProposals = this.learner.disk.asksForProposals === true;
    const lastLoggedZxid = this.learner.history.at(-1) ?? 0;
    const lastProcessedZxid = isWiped ? -1 : lastLoggedZxid;
    const history = { lastLoggedZxid, lastProcessedZxid, snapshotNeeded };
    const member = { sid, role, asksForProposals, votes: false, configVersion: 0 };
    const state = { ...member, acceptedEpoch, currentEpoch, ...history };
    this.stepLearner({ type: 'connected', state });
    this.#run();
  }

  cut(): void {
    this.#life++;
    this.isOpen = false;
    this.isServing = false;
    this.#due.length = 0;
    this.#waiting.clear();
    this.#toLearner = [];
    this.#outputs = [];
    this.#waitsFor = null;
    this.#arriving = [];
    this.#isForwarding = false;
    this.#isHolding = false;
    this.#holdBack = [];
    this.learner.reconnect();
  }

  /** The learner loses power, and with it what it has not synced. */
  crash(): void {
    this.learner.losePower();
    this.cut();
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
    if (this.#isForwarding && this.#masterSide.hearsProposals) this.#forward(PacketType.PROPOSAL, zxid);
    this.#run();
  }

  /** Commits the oldest proposal. */
  commit(): void {
    const zxid = this.#outstanding.shift();
    if (zxid === undefined) return;
    this.master.state.committed.push(zxid);
    const type = this.#masterSide.hearsProposals ? PacketType.COMMIT : PacketType.INFORM;
    if (this.#isForwarding) this.#forward(type, zxid);
    this.#run();
  }

  /** Tells the master's side that it holds too much for the learner. */
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

  #hearBroadcast({ type, zxid }: PacketView): void {
    const { learner } = this;
    const commit = this.#hearsProposals ? PacketType.COMMIT : PacketType.INFORM;
    // An observer logs what is committed.
    if (type === (this.#isObserver ? commit : PacketType.PROPOSAL)) learner.logNext(zxid);
    if (type === commit) learner.tree.push(zxid);
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
    const { disk, tree } = this.learner;
    this.#log(output.type === 'send' ? `L > M  ${told(output.packet)}` : `L      ${toldOfLearner(output)}`);
    switch (output.type) {
      case 'send':
        this.#due.push(() => this.#toMaster(output.packet));
        return;
      case 'setAcceptedEpoch':
        disk.acceptedEpoch = output.epoch;
        return;
      case 'setCurrentEpoch':
        disk.currentEpoch = output.epoch;
        return;
      case 'truncate':
        if (!this.learner.truncate(output.zxid))
          this.stepLearner({ type: 'truncImpossible', zxid: output.zxid });
        return;
      case 'receiveSnapshot':
        this.#waitsFor = 'snapshot';
        return;
      case 'restoreSnapshot':
        this.#onDisk(() => this.learner.restore(this.#arriving));
        return;
      case 'needSnapshot':
        disk.snapshotNeeded = output.isNeeded;
        return;
      case 'log':
        disk.log.push(output.txn.zxid);
        return;
      case 'apply':
        tree.push(output.txn.zxid);
        return;
      case 'flush': {
        const { length } = disk.log;
        this.#onDisk(() => {
          disk.durable = length;
        });
        return;
      }
      case 'serve':
        this.learner.serve(output.committed, output.pending);
        this.isServing = true;
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

  // ------------------------------------------------------------------ the master

  #toMaster(packet: QuorumPacket): void {
    const { phase } = this.#masterSide;
    if (phase === 'start' || phase === 'broadcast') return;
    this.#stepMaster({ type: 'packet', packet: viewOf(bytesOf(packet)) });
  }

  #stepMaster(event: MasterEvent): void {
    for (const output of this.#masterSide.step(event)) this.#performMaster(output);
  }

  #performMaster(output: MasterOutput): void {
    if (output.type === 'send') this.#send(output.packet);
    else if (output.type === 'sendNewLeader') this.#sendNewLeader(output.zxid);
    else this.#log(`M      ${toldOfMaster(output)}`);
    switch (output.type) {
      case 'awaitEpoch':
        this.#gate('epoch', () => this.#stepMaster({ type: 'epoch', epoch: this.master.state.epoch }));
        return;
      case 'awaitEpochAck':
        this.#gate('epochAck', () => this.#stepMaster({ type: 'epochAcked' }));
        return;
      case 'awaitSeat':
        this.#gate('seat', () => this.#stepMaster({ type: 'seated', history: this.master.history }));
        return;
      case 'register':
        this.#register(output.lastZxid);
        return;
      case 'readLog':
        this.#gate('log', () =>
          this.#stepMaster({ type: 'logRead', zxids: this.master.logFrom(output.after), ...this.#moment }),
        );
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
    return { lastProcessedZxid: this.master.lastProcessedZxid };
  }

  #register(lastZxid: number): void {
    this.#isForwarding = true;
    this.#isHolding = true;
    this.#holdBack = [];
    if (!this.#masterSide.hearsProposals) return;
    for (const zxid of this.#outstanding) if (zxid > lastZxid) this.#forward(PacketType.PROPOSAL, zxid);
  }

  #bringSnapshot(): void {
    this.#arriving = [...this.master.state.committed];
    this.#log('M > L  half a tree');
    this.#toLearner.push('half a tree');
    this.#gate('stream', () => {
      this.#log('M > L  the rest of the tree');
      this.#toLearner.push('the rest of the tree');
      this.#stepMaster({ type: 'brought', ...this.#moment });
    });
  }

  #bringHistory(range: { after: number; through: number; asInform: boolean }): void {
    for (const zxid of this.master.committedIn(range)) {
      const types = range.asInform ? [PacketType.INFORM] : [PacketType.PROPOSAL, PacketType.COMMIT];
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
