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

/**
 * Hears only results: an INFORM carries a transaction that a quorum has accepted, and is applied at once. An
 * observer logs to its own disk so that a restart syncs by DIFF (ZOOKEEPER-1552), and never acks a
 * transaction (ZOOKEEPER-368).
 */
export class Observer extends Learner {
  readonly name = 'observer';
  #serving: LearnerServing | null = null;
  #sync: SyncRequestProcessor | null = null;
  #lastInformed = 0;
  #catchUp: CatchUp | null = null;
  readonly #commitsReceived = this.context.metrics.counter('learner_commit_received_count');

  protected serve(pending: readonly TxnPacket[], committed: readonly TxnPacket[]): void {
    const parts = serverParts(this.context);
    this.#serving = new LearnerServing(this.context, 'observer', this.epoch, this.master);
    this.#sync = new SyncRequestProcessor(parts.database, parts.clock, () => {}, parts.onFatal);
    const { server } = this.#serving;
    const { database } = parts;
    this.#lastInformed = database.lastLoggedZxid;
    if (database.lastProcessedZxid < database.lastLoggedZxid) this.#applyHeldBack(server);
    for (const packet of committed) this.#apply(packet, null);
    if (pending.length > 0) {
      this.end(`${pending.length} proposals without their commit: an observer hears only results`);
      return;
    }
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

  /** What the sync brought was held back from the readers, and is committed. */
  #applyHeldBack(server: LearnerZooKeeperServer): void {
    server.holdCommits();
    this.#catchUp = new CatchUp(this.context, () => server.releaseCommits());
    this.#catchUp.start();
  }

  protected onBroadcast(packet: PacketView): void {
    switch (packet.type) {
      case PacketType.INFORM:
      case PacketType.INFORMANDACTIVATE:
        if (packet.zxid <= this.#lastInformed) return;
        // Upstream applies whatever comes; a gap would stay forever (ZOOKEEPER-5088).
        if (follows(packet.zxid, this.#lastInformed)) {
          this.#apply(ownPacket(packet), designatedLeaderIn(packet));
          this.#commitsReceived.add();
        } else
          this.end(
            `${packet} does not follow ${zxidToHex(this.#lastInformed)}: transactions are missing in between`,
          );
        return;
      case PacketType.PROPOSAL:
      case PacketType.COMMIT:
        // Upstream ignores them too: an observer goes by INFORM.
        return;
      default:
        if (!this.#serving!.onPacket(packet)) this.end(`unexpected ${packet}`);
    }
  }

  /** `leader`: who leads from then on; null where the packet does not say. */
  #apply(packet: TxnPacket, leader: number | null): void {
    this.#lastInformed = packet.zxid;
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
