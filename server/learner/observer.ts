import { SyncRequestProcessor } from '../processors/sync-request-processor.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { follows, zxidToHex } from '../wire/zxid.ts';
import { configTextOf, designatedLeaderIn, ownPacket } from '../zab/own-packet.ts';
import type { PacketView } from '../zab/packet-stream.ts';
import { serverParts } from '../zab/peer-context.ts';
import { CatchUp } from './catch-up.ts';
import { Learner, RECONFIGURED } from './learner.ts';
import { LearnerServing } from './learner-serving.ts';
import type { LearnerZooKeeperServer } from './learner-zookeeper-server.ts';
import { PendingProposals } from './pending-proposals.ts';

/**
 * A learner without a vote, which hears only results: an INFORM carries a transaction that a quorum has
 * accepted, and the observer applies it at once. It logs to its own disk, so that a restart syncs by DIFF
 * (ZOOKEEPER-1552), and never acks a transaction (ZOOKEEPER-368).
 *
 * With observer.proposals.enabled on both sides, it hears the same in two parts: the transaction in a
 * PROPOSAL, and in a COMMIT that a quorum has accepted it. Logging and applying wait for the second.
 * @see docs/quorum.md "Proposals to observers"
 */
export class Observer extends Learner {
  readonly name = 'observer';
  #serving: LearnerServing | null = null;
  #sync: SyncRequestProcessor | null = null;
  /** Zxid of the last transaction that has come, committed or not. */
  #lastHeard = 0;
  readonly #pending = new PendingProposals();
  #catchUp: CatchUp | null = null;
  readonly #proposalsReceived = this.context.metrics.counter('learner_proposal_received_count');
  readonly #commitsReceived = this.context.metrics.counter('learner_commit_received_count');

  protected serve(pending: readonly TxnPacket[], committed: readonly TxnPacket[]): void {
    const parts = serverParts(this.context);
    this.#serving = new LearnerServing(this.context, 'observer', this.epoch, this.master);
    this.#sync = new SyncRequestProcessor(parts.database, parts.clock, () => {}, parts.onFatal);
    const { server } = this.#serving;
    const { database } = parts;
    this.#lastHeard = database.lastLoggedZxid;
    if (database.lastProcessedZxid < database.lastLoggedZxid) this.#applyHeldBack(server);
    for (const packet of committed) this.#hear(packet, null);
    if (pending.length > 0 && !this.hearsProposals) {
      this.end(`${pending.length} proposals without their commit: an observer hears only results`);
      return;
    }
    for (const packet of pending) this.#propose(packet);
    if (parts.config.observerProposalsEnabled && !this.hearsProposals) this.#warnOfInform();
    server.whenApplied(() => {
      this.#feedStream(server, database.lastProcessedZxid);
      this.context.serve(server);
    });
  }

  /** Everything applied so far is committed, since the sync is complete. */
  #feedStream(server: LearnerZooKeeperServer, zxid: number): void {
    const { commits } = this.context;
    if (commits === null) return;
    commits.established(zxid);
    server.onRelayed = packet => commits.committed(packet);
  }

  /** Applies what the sync brought: it was held back from the readers, and is now known to be committed. */
  #applyHeldBack(server: LearnerZooKeeperServer): void {
    server.holdCommits();
    this.#catchUp = new CatchUp(this.context, () => server.releaseCommits());
    this.#catchUp.start();
  }

  /** Calls `done` once nothing is under way at the master: until this role ends, new writes wait. */
  drain(done: () => void): void {
    this.#serving?.server.drain(done);
  }

  protected onBroadcast(packet: PacketView): void {
    switch (packet.type) {
      case PacketType.INFORM:
      case PacketType.INFORMANDACTIVATE:
        if (this.hearsProposals) this.end(`${packet} from a master that promised proposals`);
        else if (this.#isNext(packet)) {
          this.#hear(ownPacket(packet), designatedLeaderIn(packet));
          this.#commitsReceived.add();
        }
        return;
      case PacketType.PROPOSAL:
        // Upstream ignores these packets too: an observer acts on INFORM.
        if (this.hearsProposals && this.#isNext(packet)) this.#propose(ownPacket(packet));
        return;
      case PacketType.COMMIT:
        if (this.hearsProposals) this.#commit(packet, null);
        return;
      case PacketType.COMMITANDACTIVATE:
        if (this.hearsProposals) this.#commit(packet, designatedLeaderIn(packet));
        else this.end(`unexpected ${packet}`);
        return;
      default:
        if (!this.#serving!.onPacket(packet)) this.end(`unexpected ${packet}`);
    }
  }

  /** Upstream applies whatever comes; a gap would stay forever (ZOOKEEPER-5088). */
  #isNext(packet: PacketView): boolean {
    if (packet.zxid <= this.#lastHeard) return false;
    if (follows(packet.zxid, this.#lastHeard)) return true;
    this.end(`${packet} does not follow ${zxidToHex(this.#lastHeard)}: transactions are missing in between`);
    return false;
  }

  #propose(packet: TxnPacket): void {
    this.#lastHeard = packet.zxid;
    this.#pending.add(packet);
    this.#proposalsReceived.add();
    this.#serving!.server.proposed(packet);
    if (this.#pending.isFull) this.end(`${this.#pending.bytes} bytes of proposals wait for their commit`);
  }

  #commit(packet: PacketView, leader: number | null): void {
    const proposal = this.#pending.take(packet.zxid);
    if (proposal === null) {
      const { oldestZxid } = this.#pending;
      this.end(
        `${packet} where the oldest proposal is ${oldestZxid === null ? 'none' : zxidToHex(oldestZxid)}`,
      );
      return;
    }
    this.#apply(proposal, leader);
    this.#commitsReceived.add();
  }

  #hear(packet: TxnPacket, leader: number | null): void {
    this.#lastHeard = packet.zxid;
    this.#apply(packet, leader);
  }

  #warnOfInform(): void {
    const { host, port } = this.masterAddress ?? {};
    this.context.logger.warn(
      'observer.proposals.enabled has no effect: the master sends INFORM, as it is one of Apache ZooKeeper or does not have that key',
      { host, port },
    );
  }

  /** Logs and applies a transaction. `leader` leads from then on; null when the packet does not say. */
  #apply(packet: TxnPacket, leader: number | null): void {
    const text = configTextOf(packet);
    const outcome = text === null ? 'goesOn' : this.context.onConfigActivated(text, leader);
    this.#sync!.append(packet);
    this.#serving!.server.commit(packet);
    if (outcome === 'leaves') this.#serving!.server.whenApplied(() => this.end(RECONFIGURED));
  }

  protected onLinkDrained(): void {
    this.#serving?.server.linkDrained();
  }

  protected stopServing(reason: string, done: () => void): void {
    this.#catchUp?.stop();
    this.#serving?.stop(reason);
    if (this.#sync === null) done();
    else this.#sync.stop(done);
  }
}
