import type { Role } from '../membership/quorum-server.ts';
import type { SyncMode } from '../metrics/server-events.ts';
import { JuteReader, JuteWriter } from '../wire/jute.ts';
import {
  OBSERVER_PROPOSALS,
  PacketType,
  PROTOCOL_VERSION,
  type QuorumPacket,
} from '../wire/quorum-packet.ts';
import { counterOf, EPOCH_MAX, epochOf, isEpoch, makeZxid, zxidToHex } from '../wire/zxid.ts';
import type { PacketView } from './packet-stream.ts';
import { needsDisk, planSync, type SyncPlan, type SyncQuestion } from './sync-plan.ts';

/** What a learner says about itself in FOLLOWERINFO or OBSERVERINFO. */
export interface LearnerInfo {
  readonly sid: number;
  readonly protocolVersion: number;
  readonly acceptedEpoch: number;
  /** Version of the last configuration that the learner has put in force. */
  readonly configVersion: number;
  /** True for an observer that asks for proposals and commits instead of INFORM. */
  readonly asksForProposals: boolean;
}

export interface MasterSettings {
  /** The master is the leader itself, not a follower that serves observers. */
  readonly acceptsFollowers: boolean;
  /** The master sends proposals and commits to observers that ask for them. */
  readonly offersProposals: boolean;
  /** Role by the configuration; undefined for a server that is not in it, or where two of them differ. */
  roleOf(sid: number): Role | undefined;
  /** Null where configurations have no versions that count, because there is no reconfiguration. */
  configVersions(): { readonly committed: number; readonly lastSeen: number } | null;
}

/** What the master has when it decides how to sync; the learner's last zxid is known here. */
export type MasterHistory = Omit<SyncQuestion, 'peerLastZxid' | 'disk'>;

/** `lastProcessedZxid`: that of the master at the very moment of the event. */
export type MasterEvent =
  /**
   * A packet, up to the ACK of NEWLEADER. What comes after it is traffic, which does not pass through here.
   */
  | { readonly type: 'packet'; readonly packet: PacketView }
  /** The answer to `awaitEpoch`. */
  | { readonly type: 'epoch'; readonly epoch: number }
  /** The answer to `awaitEpochAck`. */
  | { readonly type: 'epochAcked' }
  /** The answer to `awaitSeat`. */
  | { readonly type: 'seated'; readonly history: MasterHistory }
  /** The answer to `readLog`. `zxids` is as in `SyncQuestion.disk`. */
  | { readonly type: 'logRead'; readonly zxids: readonly number[] | null; readonly lastProcessedZxid: number }
  /** The answer to `bringSnapshot` and `bringHistory`. */
  | { readonly type: 'brought'; readonly lastProcessedZxid: number }
  /** Too much waited behind the sync: it was dropped, and nothing more is held. */
  | { readonly type: 'letGo' }
  /** The answer to `awaitStart`. */
  | { readonly type: 'started'; readonly lastProcessedZxid: number };

export type MasterOutput =
  | { readonly type: 'send'; readonly packet: QuorumPacket }
  /** Sends NEWLEADER, with the configuration at the moment it leaves. */
  | { readonly type: 'sendNewLeader'; readonly zxid: number }
  /** Waits until a quorum has said which epochs it accepted, and the master has accepted a higher one. */
  | { readonly type: 'awaitEpoch'; readonly info: LearnerInfo; readonly isObserver: boolean }
  /**
   * Waits until a quorum has accepted the epoch, the master has that on disk, and is not behind this learner.
   * `currentEpoch` is null when the learner had accepted the epoch before: it is not counted.
   */
  | { readonly type: 'awaitEpochAck'; readonly currentEpoch: number | null; readonly lastZxid: number }
  /** Waits until no other connection of the same voter is alive. */
  | { readonly type: 'awaitSeat' }
  /**
   * From here on, holds live traffic after `lastZxid`, the last zxid that the master has applied. What was
   * held before is dropped.
   */
  | { readonly type: 'register'; readonly lastZxid: number }
  /** Looks in the log on disk for what the learner lacks. */
  | { readonly type: 'readLog'; readonly after: number; readonly through: number }
  /** Counts one more sync, unless the maximum is reached: then this learner is closed. */
  | { readonly type: 'beginSync'; readonly mode: SyncMode; readonly zxid: number }
  | { readonly type: 'bringSnapshot' }
  /** Sends transactions as PROPOSAL and COMMIT or, to one that serves and hears only results, `asInform`. */
  | {
      readonly type: 'bringHistory';
      readonly after: number;
      readonly through: number;
      readonly asInform: boolean;
    }
  /** Waits until the master serves. The learner is durable up to its sync, and counts for the epoch. */
  | { readonly type: 'awaitStart' }
  /** Sends what was held. Live traffic goes straight through from here on. */
  | { readonly type: 'release' }
  /** Always the last output. */
  | { readonly type: 'close'; readonly reason: string };

type Phase = 'info' | 'epoch' | 'ackEpoch' | 'plan' | 'bring' | 'ackNewLeader' | 'start' | 'broadcast';

/**
 * The master's side of one learner as a state machine: discovery, then synchronisation, up to the point where
 * live traffic goes through. Events in, outputs out; no socket, no disk, no clock.
 *
 * Outputs are carried out in their order. One that is answered by an event is always the last of its step;
 * whatever else comes in meanwhile is a step of its own.
 *
 * A learner relies on that order: everything that the sync brings comes before NEWLEADER, and live traffic
 * only after UPTODATE. A learner may accept live traffic earlier, but Apache's up to 3.9.2 fails on a COMMIT
 * between NEWLEADER and UPTODATE whose proposal came before NEWLEADER (ZOOKEEPER-4394): under load it would
 * come back again and again.
 *
 * @see docs/quorum.md "Message ladder"; LearnerHandler.syncFollower
 */
export class MasterSide {
  readonly #settings: MasterSettings;
  #phase: Phase = 'info';
  #isObserver = false;
  #hearsProposals = false;
  #epoch = 0;
  /** The learner's last zxid, from its ACKEPOCH. */
  #peerLastZxid = 0;
  #history: MasterHistory | null = null;
  /** The last zxid that the learner has once everything being sent has arrived; later traffic is held. */
  #through = 0;
  /** The held traffic was dropped; it follows from the log. */
  #isLetGo = false;

  constructor(settings: MasterSettings) {
    this.#settings = settings;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Live traffic goes to this learner as PROPOSAL and COMMIT. Only to observers it may go as INFORM. */
  get hearsProposals(): boolean {
    return this.#hearsProposals;
  }

  step(event: MasterEvent): readonly MasterOutput[] {
    switch (event.type) {
      case 'packet':
        return this.#onPacket(event.packet);
      case 'epoch':
        return this.#onEpoch(event.epoch);
      case 'epochAcked':
        return [{ type: 'awaitSeat' }];
      case 'seated':
        return this.#onSeated(event.history);
      case 'logRead':
        return this.#onLogRead(event.zxids, event.lastProcessedZxid);
      case 'brought':
        return this.#onBrought(event.lastProcessedZxid);
      case 'letGo':
        this.#isLetGo = true;
        return NONE;
      case 'started':
        return this.#onStarted(event.lastProcessedZxid);
    }
  }

  #onPacket(packet: PacketView): readonly MasterOutput[] {
    switch (this.#phase) {
      case 'info':
        return this.#onInfo(packet);
      case 'ackEpoch':
        return this.#onAckEpoch(packet);
      case 'bring':
      case 'ackNewLeader':
        return this.#onAckOfNewLeader(packet);
      case 'epoch':
      case 'plan':
        return [close(`${packet} came before its turn`)];
      case 'start':
      case 'broadcast':
        return [close(`${packet} behind the ACK of NEWLEADER is no part of the sync`)];
    }
  }

  #onInfo(packet: PacketView): readonly MasterOutput[] {
    const isFollower = packet.type === PacketType.FOLLOWERINFO;
    if (!isFollower && packet.type !== PacketType.OBSERVERINFO)
      return [close(`first packet is ${packet}, FOLLOWERINFO or OBSERVERINFO expected`)];
    if (isFollower && !this.#settings.acceptsFollowers)
      return [close('a follower came to the port of an observer master')];
    const info = readInfo(packet);
    const { sid, protocolVersion, acceptedEpoch } = info;
    if (protocolVersion < PROTOCOL_VERSION) {
      const version = `0x${protocolVersion.toString(16)}`;
      return [close(`learner ${sid} speaks protocol ${version}, 0x10000 (3.4) or later accepted`)];
    }
    if (!isEpoch(acceptedEpoch))
      return [close(`learner ${sid} has accepted epoch ${acceptedEpoch}, 0 to ${EPOCH_MAX} accepted`)];
    const versions = this.#settings.configVersions();
    if (versions !== null && info.configVersion > versions.lastSeen)
      return [
        close(
          `learner ${sid} has put the configuration ${zxidToHex(info.configVersion)} in force, ` +
            `and this server knows none after ${zxidToHex(versions.lastSeen)}`,
        ),
      ];
    // A learner with an older configuration does not know its role yet. It hears of it with the sync.
    const isBehind = versions !== null && info.configVersion < versions.committed;
    const role = this.#settings.roleOf(sid);
    if (!isBehind && role !== undefined && (role === 'participant') !== isFollower)
      return [close(`server ${sid} is ${aRole(role)} by the configuration here, and came with ${packet}`)];
    this.#isObserver = !isFollower;
    this.#hearsProposals = isFollower || (info.asksForProposals && this.#settings.offersProposals);
    this.#phase = 'epoch';
    return [{ type: 'awaitEpoch', info, isObserver: this.#isObserver }];
  }

  #onEpoch(epoch: number): readonly MasterOutput[] {
    this.#epoch = epoch;
    this.#phase = 'ackEpoch';
    const info = new JuteWriter(8).writeInt(PROTOCOL_VERSION);
    if (this.#isObserver && this.#hearsProposals) info.writeInt(OBSERVER_PROPOSALS);
    return [send(PacketType.LEADERINFO, makeZxid(epoch, 0), info.toBuffer())];
  }

  #onAckEpoch(packet: PacketView): readonly MasterOutput[] {
    if (packet.type !== PacketType.ACKEPOCH || packet.dataLength < 4)
      return [close(`${packet} where ACKEPOCH was expected`)];
    const accepted = packet.data().readInt32BE(0);
    this.#peerLastZxid = packet.zxid;
    this.#phase = 'plan';
    const currentEpoch = accepted === NOT_COUNTED ? null : accepted;
    return [{ type: 'awaitEpochAck', currentEpoch, lastZxid: packet.zxid }];
  }

  /** The question and the registration happen at one moment, with no commit between them. */
  #onSeated(history: MasterHistory): readonly MasterOutput[] {
    this.#history = history;
    const register = this.#register(history.lastProcessedZxid);
    const peerLastZxid = this.#peerLastZxid;
    const question = { ...history, peerLastZxid };
    return needsDisk(question)
      ? [register, { type: 'readLog', after: peerLastZxid, through: this.#through }]
      : [register, ...this.#bring(planSync({ ...question, disk: null }))];
  }

  #onLogRead(disk: readonly number[] | null, lastProcessedZxid: number): readonly MasterOutput[] {
    const plan = planSync({ ...this.#history!, peerLastZxid: this.#peerLastZxid, disk });
    if (plan.mode !== 'SNAP') return this.#bring(plan);
    // A snapshot has what was committed while the log was read, so only what comes from here on is held.
    return [this.#register(lastProcessedZxid), ...this.#bring(plan)];
  }

  #register(lastProcessedZxid: number): MasterOutput {
    this.#through = lastProcessedZxid;
    this.#isLetGo = false;
    return { type: 'register', lastZxid: lastProcessedZxid };
  }

  #bring(plan: SyncPlan): readonly MasterOutput[] {
    const { mode } = plan;
    this.#history = null;
    this.#phase = 'bring';
    const zxid = mode === 'SNAP' ? this.#through : plan.zxid;
    const announced: readonly MasterOutput[] = [
      { type: 'beginSync', mode, zxid },
      send(PacketType[mode], zxid, null),
    ];
    if (mode === 'SNAP') return [...announced, { type: 'bringSnapshot' }];
    if (plan.source === 'none') return [...announced, ...this.#newLeader()];
    return [...announced, this.#bringHistory(plan.after, false)];
  }

  #bringHistory(after: number, asInform: boolean): MasterOutput {
    return { type: 'bringHistory', after, through: this.#through, asInform };
  }

  #newLeader(): readonly MasterOutput[] {
    this.#phase = 'ackNewLeader';
    return [{ type: 'sendNewLeader', zxid: makeZxid(this.#epoch, 0) }];
  }

  #onBrought(lastProcessedZxid: number): readonly MasterOutput[] {
    if (this.#isLetGo) return this.#nextRound(lastProcessedZxid);
    return this.#phase === 'broadcast' ? RELEASE : this.#newLeader();
  }

  /**
   * Sends from the log what was dropped: as in a sync or, to a learner that already serves and hears only
   * results, as INFORM.
   */
  #nextRound(lastProcessedZxid: number): readonly MasterOutput[] {
    const after = this.#through;
    const register = this.#register(lastProcessedZxid);
    return [register, this.#bringHistory(after, this.#phase === 'broadcast' && !this.#hearsProposals)];
  }

  #onAckOfNewLeader(packet: PacketView): readonly MasterOutput[] {
    if (packet.type === PacketType.PING) return NONE;
    // Apache up to 3.8.4 may ack synced transactions before it acks NEWLEADER. Such an ACK counts for
    // nothing. ZOOKEEPER-4685
    if (packet.type === PacketType.ACK && counterOf(packet.zxid) !== 0) return NONE;
    const newLeader = makeZxid(this.#epoch, 0);
    if (packet.type !== PacketType.ACK || packet.zxid !== newLeader)
      return [close(`${packet} where the ACK of NEWLEADER ${zxidToHex(newLeader)} was expected`)];
    // The ACK would count for a history that the learner does not have yet.
    if (this.#phase === 'bring') return [close(`${packet} came before NEWLEADER was sent`)];
    this.#phase = 'start';
    return [{ type: 'awaitStart' }];
  }

  #onStarted(lastProcessedZxid: number): readonly MasterOutput[] {
    this.#phase = 'broadcast';
    const upToDate = send(PacketType.UPTODATE, -1, null);
    return [upToDate, ...(this.#isLetGo ? this.#nextRound(lastProcessedZxid) : RELEASE)];
  }
}

function readInfo(packet: PacketView): LearnerInfo {
  const reader = new JuteReader(packet.data());
  const sid = reader.remaining >= 8 ? reader.readLong() : -1;
  const protocolVersion = reader.remaining >= 4 ? reader.readInt() : 0;
  const configVersion = reader.remaining >= 8 ? reader.readLong() : 0;
  const asksForProposals = reader.remaining >= 4 && reader.readInt() === OBSERVER_PROPOSALS;
  return { sid, protocolVersion, acceptedEpoch: epochOf(packet.zxid), configVersion, asksForProposals };
}

function aRole(role: Role): string {
  return role === 'participant' ? 'a participant' : 'an observer';
}

function send(type: PacketType, zxid: number, data: Buffer | null): MasterOutput {
  return { type: 'send', packet: { type, zxid, data, authinfo: null } };
}

function close(reason: string): MasterOutput {
  return { type: 'close', reason };
}

const NONE: readonly MasterOutput[] = [];
const RELEASE: readonly MasterOutput[] = [{ type: 'release' }];
/** Stands in place of the current epoch in an ACKEPOCH. */
const NOT_COUNTED = -1;
