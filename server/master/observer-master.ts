import { Fifo } from '../collections/fifo.ts';
import { joinId } from '../collections/long-map.ts';
import { listenAddresses, masterAddressesOf } from '../membership/quorum-server.ts';
import type { Request } from '../processors/request.ts';
import { listenOnAll } from '../runtime/addresses/listen-on-all.ts';
import type { Connection, Timer } from '../runtime/runtime.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import type { LearnerInfo } from '../zab/master-side.ts';
import type { PacketView } from '../zab/packet-stream.ts';
import type { PeerContext } from '../zab/peer-context.ts';
import { backlogsOf, type LearnerBacklog } from './learners/learner-backlog.ts';
import { boundOthers, boundPackets, boundUnnamed } from './learners/learner-connections.ts';
import { LearnerHandler } from './learners/learner-handler.ts';
import type { LearnerMaster } from './learners/learner-master.ts';
import { readRequest, readRevalidate, revalidateAnswer, SYNC_ANSWER } from './learners/learner-packets.ts';
import { type SyncThrottlers, syncThrottlers } from './learners/learner-sync-throttler.ts';
import { LiveLearners } from './learners/live-learners.ts';
import { MemberAddresses } from './member-addresses.ts';
import { RequestLine } from './request-line.ts';

/** The follower's server as its observers use it: it passes on what they ask the leader. */
export interface RelayingServer {
  /** False while the leader does not read what it was sent. */
  readonly hasRoom: boolean;
  /** Called when it has room again. */
  onRoom: (() => void) | null;
  /** An observer has heard from a session. */
  touchSession(high: number, low: number, id: bigint, timeoutMs: number): void;
  syncFor(request: Request, done: () => void): void;
  /** Forwards a write that takes `bytes` in all. */
  relay(request: Request, bytes: number): void;
  revalidate(sessionId: bigint, timeoutMs: number, answer: (valid: boolean) => void): void;
}

/**
 * A follower that serves observers in the leader's place (rows 000-10, 004-14..19): it runs the same
 * handshake, answers locally, and relays every COMMIT as INFORM, or as it comes where both sides have
 * observer.proposals.enabled. An observer attaches in one step of the
 * event loop, between two commits, and is then sent what the follower's own list of pending proposals holds.
 * So there is no queue of relayed packets to fall out of step with, as upstream's has (ZOOKEEPER-5088).
 * @see docs/quorum.md "Observer masters"
 */
export class ObserverMaster implements LearnerMaster<LearnerHandler> {
  readonly acceptsFollowers = false;
  readonly throttlers: SyncThrottlers;
  readonly addresses: MemberAddresses;
  readonly context: PeerContext;
  readonly #server: RelayingServer;
  readonly #epoch: number;
  readonly #handlers = new Set<LearnerHandler>();
  readonly #live: LiveLearners;
  /**
   * Transactions that this follower has not applied yet, oldest first; kept only when observers hear
   * proposals.
   */
  readonly #unapplied = new Fifo<TxnPacket>();
  readonly #backlog: LearnerBacklog;
  readonly #requests: RequestLine;
  #listener: { close(): void } | null = null;
  #pingTimer: Timer | null = null;
  #lastRelayed = 0;
  #stopped = false;

  constructor(context: PeerContext, server: RelayingServer, epoch: number) {
    this.context = context;
    this.throttlers = syncThrottlers(context);
    this.addresses = new MemberAddresses(context);
    this.#live = new LiveLearners(context, null);
    this.#server = server;
    this.#epoch = epoch;
    this.#requests = new RequestLine({ turns: context.turns, hasRoom: () => server.hasRoom });
    server.onRoom = () => this.#requests.goOn();
    this.#backlog = backlogsOf(context.clock, context.metrics).others;
  }

  get configText(): string {
    return this.context.membership.committed.verifier.text;
  }

  get handlers(): ReadonlySet<LearnerHandler> {
    return this.#handlers;
  }

  start(): void {
    const { config, membership } = this.context;
    const addresses = listenAddresses(masterAddressesOf(membership.own, config.observerMasterPort), config);
    const plan = { name: 'observer master port', addresses, triesMax: config.electionPortBindRetry };
    this.#listener = listenOnAll(this.context, plan, {
      onListening: port =>
        this.context.logger.info('the observer master listens', {
          hosts: addresses.map(({ host }) => host).join(),
          port,
        }),
      onConnection: connection => {
        if (this.#stopped) connection.destroy('not an observer master any more');
        else this.#accept(connection);
      },
      // Upstream's follower leaves its leader when its port fails. Here a vote is worth more than one way in
      // for observers, which have other masters.
      onGiveUp: error => this.context.logger.error(error.message, { observers: 'go to other masters' }),
    });
    this.#pingTimer = this.context.clock.every(config.tickTimeMs / 2, () => {
      for (const handler of [...this.#handlers]) handler.tick(this.#lastRelayed);
    });
  }

  #accept(connection: Connection): void {
    this.#handlers.add(new LearnerHandler(connection, this));
    boundUnnamed(this.#handlers);
  }

  /** The leader has proposed it to this follower. */
  proposed(packet: TxnPacket): void {
    if (!this.context.config.observerProposalsEnabled) return;
    this.#unapplied.push(packet);
    this.#live.propose(packet);
  }

  /** This follower has applied it. `leader`: who leads by a reconfiguration; null for anything else. */
  applied(packet: TxnPacket, leader: number | null): void {
    this.#lastRelayed = packet.zxid;
    this.#unapplied.shift();
    if (leader !== null) {
      this.#live.activate(packet, leader);
      return;
    }
    this.#live.inform(packet);
    this.#live.commit([packet]);
  }

  awaitEpoch(handler: LearnerHandler, _info: LearnerInfo, done: (epoch: number) => void): void {
    boundOthers(this.#handlers, this.isVoter);
    if (!handler.closed) done(this.#epoch);
  }

  awaitEpochAck(
    _handler: LearnerHandler,
    _currentEpoch: number | null,
    _lastZxid: number,
    done: () => void,
  ): void {
    done();
  }

  startForwarding(handler: LearnerHandler, lastSeenZxid: number): void {
    if (handler.hearsProposals) {
      for (const packet of this.#unapplied) if (packet.zxid > lastSeenZxid) handler.sendProposal(packet);
    }
    this.#live.add(handler);
  }

  stopForwarding(handler: LearnerHandler): void {
    this.#live.delete(handler);
  }

  isVoter(): boolean {
    return false;
  }

  backlogOf(): LearnerBacklog {
    return this.#backlog;
  }

  canSpare(): boolean {
    return true;
  }

  /** Observers have acked nothing, so two connections of one do no harm. */
  awaitSeat(_handler: LearnerHandler, done: () => void): void {
    done();
  }

  awaitStart(_handler: LearnerHandler, done: () => void): void {
    done();
  }

  onAck(handler: LearnerHandler): void {
    handler.close('an observer does not ack transactions');
  }

  /** The touch reaches the leader with this follower's next ping, if the session exists. */
  onTouched(_handler: LearnerHandler, sessionHigh: number, sessionLow: number, timeoutMs: number): void {
    const id = joinId(sessionHigh, sessionLow);
    if (this.context.database.sessionTimeouts.has(id))
      this.#server.touchSession(sessionHigh, sessionLow, id, timeoutMs);
  }

  onPartialPacket(handler: LearnerHandler): void {
    boundPackets(handler, this.#handlers, this.isVoter);
  }

  /**
   * Does nothing: the leader keeps the sessions, and does not know which of them came through this follower.
   * An observer is held back only while hardly anything is committed.
   */
  onHeldBack(): void {}

  turnsOf(): TurnQueue {
    return this.context.turns;
  }

  onRequest(handler: LearnerHandler, packet: PacketView): void {
    const nowMs = this.context.clock.monotonicMs();
    const bytes = packet.end - packet.start;
    if (!this.#requests.isNeeded) {
      this.#passOn(handler, readRequest(handler, packet, nowMs), bytes);
      return;
    }
    const request = readRequest(handler, packet.kept(), nowMs);
    this.#requests.wait(handler, false, bytes, () => this.#passOn(handler, request, bytes));
  }

  #passOn(handler: LearnerHandler, request: Request, bytes: number): void {
    if (request.op === OpCode.sync) {
      this.#server.syncFor(request, () => handler.sendPacket(SYNC_ANSWER));
    } else {
      this.#server.relay(request, bytes);
    }
  }

  onRevalidate(handler: LearnerHandler, packet: PacketView): void {
    const { id, timeoutMs } = readRevalidate(packet);
    if (!this.#requests.isNeeded) {
      this.#revalidate(handler, id, timeoutMs);
      return;
    }
    this.#requests.wait(handler, false, packet.end - packet.start, () =>
      this.#revalidate(handler, id, timeoutMs),
    );
  }

  #revalidate(handler: LearnerHandler, id: bigint, timeoutMs: number): void {
    this.#server.revalidate(id, timeoutMs, valid => handler.sendPacket(revalidateAnswer(id, valid)));
  }

  onClosed(handler: LearnerHandler): void {
    this.#handlers.delete(handler);
    this.stopForwarding(handler);
  }

  stop(reason: string): void {
    this.#stopped = true;
    this.#requests.stop();
    this.addresses.close();
    this.#listener?.close();
    this.#pingTimer?.cancel();
    for (const handler of [...this.#handlers]) handler.close(reason, false);
  }
}
