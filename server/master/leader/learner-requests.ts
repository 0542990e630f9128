import { highOf, lowOf } from '../../collections/long-map.ts';
import type { Request } from '../../processors/request.ts';
import type { Clock } from '../../runtime/runtime.ts';
import type { TurnQueue } from '../../turns/turn-queue.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { PacketView } from '../../zab/packet-stream.ts';
import type { LearnerHandler } from '../learners/learner-handler.ts';
import { readRequest, readRevalidate, revalidateAnswer, SYNC_ANSWER } from '../learners/learner-packets.ts';
import { RequestLine } from '../request-line.ts';
import type { LeaderZooKeeperServer } from './leader-zookeeper-server.ts';

/** The leader, as its learners' requests see it. */
export interface RequestTaker {
  /** Null until it serves. */
  readonly server: LeaderZooKeeperServer | null;
  isVoter(handler: LearnerHandler): boolean;
}

/**
 * The requests of learners to the leader, which takes them while its server has room and queues them
 * otherwise.
 */
export class LearnerRequests {
  readonly #clock: Clock;
  readonly #leader: RequestTaker;
  readonly #line: RequestLine;

  constructor(clock: Clock, turns: TurnQueue, leader: RequestTaker) {
    this.#clock = clock;
    this.#leader = leader;
    this.#line = new RequestLine({ turns, hasRoom: () => leader.server?.hasRoom ?? true });
  }

  /** Called when there may be room. */
  goOn(): void {
    this.#line.goOn();
  }

  stop(): void {
    this.#line.stop();
  }

  onRequest(handler: LearnerHandler, packet: PacketView): void {
    const { server } = this.#leader;
    if (server === null) return;
    const nowMs = this.#clock.monotonicMs();
    if (!this.#line.isNeeded) {
      this.#submit(server, handler, readRequest(handler, packet, nowMs));
      return;
    }
    const request = readRequest(handler, packet.kept(), nowMs);
    this.#line.wait(handler, this.#leader.isVoter(handler), packet.end - packet.start, () =>
      this.#submit(server, handler, request),
    );
  }

  #submit(server: LeaderZooKeeperServer, handler: LearnerHandler, request: Request): void {
    if (request.op === OpCode.sync) {
      server.syncAfterOutstanding(() => handler.sendPacket(SYNC_ANSWER));
    } else {
      server.submit(request);
    }
  }

  /**
   * The answer comes after the commits of what is outstanding, which includes the session's own writes.
   * Learners match commits to requests by session and cxid alone. Otherwise a client that starts its cxids
   * anew on each connection, as kazoo does, could get the answer to a request that it sent through the
   * previous connection.
   */
  onRevalidate(handler: LearnerHandler, packet: PacketView): void {
    const { id, timeoutMs } = readRevalidate(packet);
    const { server } = this.#leader;
    if (server === null) return;
    if (!this.#line.isNeeded) {
      this.#revalidate(server, handler, id, timeoutMs);
      return;
    }
    this.#line.wait(handler, this.#leader.isVoter(handler), packet.end - packet.start, () =>
      this.#revalidate(server, handler, id, timeoutMs),
    );
  }

  /**
   * The createSession of a session that its learner has just made global may still wait behind a long multi.
   * Until it is proposed nobody knows the session, and its client would hear that it has expired.
   */
  #revalidate(server: LeaderZooKeeperServer, handler: LearnerHandler, id: bigint, timeoutMs: number): void {
    server.whenProposed(() => {
      const session = server.tracker.get(highOf(id), lowOf(id));
      const valid = session !== undefined && server.tracker.touch(session, timeoutMs);
      if (valid) session.owner = handler;
      // This must not go through the line once more: requests behind it there would be committed before the
      // answer.
      server.syncAfterProposed(() => handler.sendPacket(revalidateAnswer(id, valid)));
    });
  }
}
