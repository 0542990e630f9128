import type { Metrics } from '../admin/metrics.ts';
import type { ServerStats } from '../clients/server-stats.ts';
import type { QuorumMember } from '../config/membership.ts';
import { electionAddressOf, type QuorumServer, quorumAddressOf } from '../config/quorum-server.ts';
import { formatQuorumConfig } from '../config/quorum-text.ts';
import type { ServerConfig } from '../config/server-config.ts';
import { Election } from '../election/election.ts';
import { type Elected, NO_VOTE } from '../election/fast-leader-election.ts';
import type { ServerError } from '../errors.ts';
import type { TurnQueue } from '../processors/turn-queue.ts';
import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import { ANY_HOST } from '../runtime/host-address.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Address, Runtime, Timer } from '../runtime/runtime.ts';
import type { SessionIds } from '../sessions/session-ids.ts';
import type { EpochFiles } from '../storage/epoch-file.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import { CONFIG_PATH } from '../tree/data-tree.ts';
import { EPOCH_MAX, zxidToHex } from '../wire/zxid.ts';
import { Follower } from './follower.ts';
import { Leader } from './leader.ts';
import type { Learner } from './learner.ts';
import { Observer } from './observer.ts';
import { ObserverMasters } from './observer-masters.ts';
import type { PeerContext } from './peer-context.ts';
import { QuorumHierarchical } from './quorum-hierarchical.ts';
import { QuorumMaj } from './quorum-maj.ts';
import type { QuorumVerifier } from './quorum-verifier.ts';

export interface QuorumPeerParts {
  readonly runtime: Runtime;
  readonly config: ServerConfig;
  readonly member: QuorumMember;
  readonly database: ZkDatabase;
  readonly epochs: EpochFiles;
  readonly sessionIds: SessionIds;
  readonly metrics: Metrics;
  readonly stats: ServerStats;
  readonly logger: Logger;
  readonly turns: TurnQueue;
  readonly serve: (server: ZooKeeperServer | null) => void;
  readonly onFatal: (error: ServerError) => void;
}

/**
 * 100 ms apart. Upstream gives up after five, and a leader that is a JVM on a busy machine may need longer until it
 * listens: given up, it leads nobody until its initLimit is over, and the next one elected may fare no better.
 */
const LEADER_ROUNDS = 30;

/** As `mntr` and AdminServer name it. @see QuorumPeer.ZabState */
export type ZabState = 'election' | 'discovery' | 'synchronization' | 'broadcast';

/**
 * One member of an ensemble: elections, and between two of them a role. The database outlives both; when a role
 * ends, memory is brought level with the log before the next vote (ZOOKEEPER-2845).
 */
export class QuorumPeer {
  readonly #parts: QuorumPeerParts;
  readonly #context: PeerContext;
  readonly #election: Election;
  readonly #masters: ObserverMasters;
  #role: Leader | Follower | Observer | null = null;
  #pause: Timer | null = null;
  #stopped: (() => void) | null = null;
  #stopping = false;
  #lookingSinceMs = 0;
  /** Since it looked, serving or not before; null while it serves. */
  #unavailableSinceMs: number | null = null;

  constructor(parts: QuorumPeerParts) {
    this.#parts = parts;
    const { config, runtime, member, metrics, stats, logger } = parts;
    const verifier = verifierOf(member);
    if (!verifier.containsQuorum(verifier.voters))
      logger.warn(
        'not even all voters together are a quorum by the groups and weights of the configuration: nothing will be served',
      );
    this.#context = {
      sid: member.sid,
      config,
      clock: runtime.clock,
      network: runtime.network,
      random: runtime.random,
      database: parts.database,
      epochs: parts.epochs,
      sessionIds: parts.sessionIds,
      verifier,
      members: member.config.servers,
      configText: verifier.text,
      sync: { snapshotNeeded: false },
      confirmed: { acceptedEpoch: 0 },
      quorumPortFailures: { count: 0 },
      metrics,
      stats,
      logger,
      turns: parts.turns,
      onFatal: parts.onFatal,
      serve: server => {
        // A tree that came by SNAP or TRUNC has the configuration of its snapshot.
        if (server !== null) {
          this.#writeConfigNode();
          this.#available();
        }
        parts.serve(server);
      },
    };
    this.#election = this.#newElection(verifier);
    this.#masters = new ObserverMasters(runtime.random);
  }

  #newElection(verifier: QuorumVerifier): Election {
    const { runtime, config, member, logger, metrics, onFatal } = this.#parts;
    const own = electionAddressOf(member.config.servers.get(member.sid)!);
    const members = new Map(
      [...member.config.servers].map(([sid, server]) => [
        sid,
        { electionAddress: electionAddressOf(server) },
      ]),
    );
    return new Election(
      { clock: runtime.clock, network: runtime.network, logger, metrics },
      {
        sid: member.sid,
        role: member.role,
        verifier,
        members,
        ...(config.quorumListenOnAllIPs ? { listenAddress: { host: ANY_HOST, port: own.port } } : {}),
        cnxTimeoutMs: config.cnxTimeoutMs,
        bindTriesMax: config.electionPortBindRetry,
        acceptedEpoch: () => this.#parts.epochs.acceptedEpoch,
        minNotificationIntervalMs: config.minNotificationIntervalMs,
        maxNotificationIntervalMs: config.maxNotificationIntervalMs,
      },
      { onListenFailed: onFatal, onSupportLost: () => this.#onSupportLost() },
    );
  }

  get sid(): number {
    return this.#context.sid;
  }

  get role(): Leader | Follower | Observer | null {
    return this.#role;
  }

  get verifier(): QuorumVerifier {
    return this.#context.verifier;
  }

  get configText(): string {
    return this.#context.configText;
  }

  /** Null while it looks. */
  get leaderSid(): number | null {
    return this.#role === null ? null : this.#election.vote.leader;
  }

  get epochs(): EpochFiles {
    return this.#parts.epochs;
  }

  /** "leading", "following", "observing" or "looking", and where in Zab. */
  get peerState(): string {
    if (this.#role === null) return 'looking - election';
    const name = { leader: 'leading', follower: 'following', observer: 'observing' }[this.#role.name];
    return `${name} - ${this.zabState}`;
  }

  get zabState(): ZabState {
    const role = this.#role;
    if (role === null) return 'election';
    if (role instanceof Leader) return role.server === null ? 'discovery' : 'broadcast';
    return role.synced ? 'broadcast' : 'synchronization';
  }

  start(): void {
    this.#election.start();
    this.#look();
  }

  /** The node that clients read the membership from. Written by every member itself, not by a transaction. */
  #writeConfigNode(): void {
    const { database } = this.#parts;
    const { version, text } = this.#context.verifier;
    const node = database.tree.getNode(CONFIG_PATH);
    if (node === undefined) return;
    node.aversion = -1;
    const nowMs = this.#parts.runtime.clock.wallMs();
    database.tree.setNodeData(CONFIG_PATH, node, Buffer.from(text, 'utf8'), -1, version, nowMs);
  }

  #look(): void {
    if (this.#stopping) return;
    const { epochs, logger, metrics, runtime } = this.#parts;
    this.#lookingSinceMs = runtime.clock.monotonicMs();
    this.#unavailableSinceMs ??= this.#lookingSinceMs;
    metrics.counter('looking_count').add();
    const proposal = { zxid: this.#votedZxid(), peerEpoch: epochs.currentEpoch };
    logger.info('looking', { zxid: zxidToHex(proposal.zxid), epoch: proposal.peerEpoch });
    this.#election.lookForLeader(proposal, elected => this.#onElected(elected));
  }

  /** NO_VOTE keeps a server from being elected, and its vote from counting; it follows the leader that others elect. */
  #votedZxid(): number {
    const { database, epochs, logger } = this.#parts;
    if (database.lastProcessedZxid < 0) return NO_VOTE;
    if (epochs.acceptedEpoch < EPOCH_MAX) return database.lastLoggedZxid;
    logger.error(
      `epoch ${EPOCH_MAX} is accepted here, the last there is: this server follows a leader of it, and elects none. ` +
        'server/docs/epochs.md says how to start over',
    );
    return NO_VOTE;
  }

  /** It serves again. @see QuorumPeer.setZabState */
  #available(): void {
    if (this.#unavailableSinceMs === null) return;
    const { metrics, clock } = this.#context;
    const tookMs = clock.monotonicMs() - this.#unavailableSinceMs;
    this.#unavailableSinceMs = null;
    metrics.summary('unavailable_time').add(tookMs);
    if (this.#role instanceof Leader) metrics.summary('leader_unavailable_time').add(tookMs);
  }

  #onElected(elected: Elected): void {
    if (this.#stopping) return;
    const tookMs = this.#parts.runtime.clock.monotonicMs() - this.#lookingSinceMs;
    this.#parts.logger.info(elected.state.toLowerCase(), {
      leader: elected.leader,
      tookMs: Math.round(tookMs),
    });
    const role = this.#roleOf(elected);
    this.#role = role;
    role.start(reason => this.#onEnded(role, reason));
  }

  #roleOf(elected: Elected): Leader | Follower | Observer {
    const context = this.#context;
    const established = (epoch: number) => this.#election.updateElectionVote(epoch);
    if (elected.state === 'LEADING') return new Leader(context, established);
    if (elected.state === 'FOLLOWING') {
      return new Follower(context, leaderRounds(context.members.get(elected.leader)!), established);
    }
    return new Observer(context, this.#mastersFor(elected.leader), epoch => {
      this.#masters.onServed();
      established(epoch);
    });
  }

  #mastersFor(leader: number): Address[][] {
    const { config, members, verifier } = this.#context;
    if (config.observerMasterPort === 0) return leaderRounds(members.get(leader)!);
    const master = (sid: number) => ({
      host: quorumAddressOf(members.get(sid)!).host,
      port: config.observerMasterPort,
    });
    const followers = [...verifier.voters].filter(sid => sid !== leader);
    return this.#masters.rounds({ followers: followers.map(master), leader: master(leader) });
  }

  /** A leader still forming its epoch cannot succeed without those who elected it. ZOOKEEPER-3109 */
  #onSupportLost(): void {
    if (this.#role instanceof Leader && this.#role.server === null) {
      this.#context.metrics.counter('quit_leading_due_to_disloyal_voter').add();
      this.#role.end('those who elected this server look for another leader');
    }
  }

  #onEnded(role: Leader | Follower | Observer, reason: string): void {
    if (this.#role !== role) return;
    this.#role = null;
    if (role instanceof Observer) this.#masters.onEnded(role.askedMaster);
    if (this.#stopping) {
      this.#finishStop();
      return;
    }
    const applied = this.#parts.database.fastForward();
    this.#parts.logger.info('role ended', { role: role.name, reason, fastForwarded: applied });
    const { config, clock, random } = this.#context;
    // Hundreds of observers must not fall upon a new leader in the same moment.
    const spreadMs = role.name === 'observer' ? random.below(config.observerElectionDelayMs + 1) : 0;
    const delayMs = spreadMs + (role instanceof Leader ? 0 : role.pauseMs);
    this.#pause = clock.after(delayMs, () => {
      this.#pause = null;
      this.#look();
    });
  }

  get learner(): Learner | null {
    return this.#role === null || this.#role instanceof Leader ? null : this.#role;
  }

  stop(done: () => void): void {
    this.#stopping = true;
    this.#stopped = done;
    this.#pause?.cancel();
    this.#election.shutdown();
    if (this.#role === null) this.#context.clock.atEndOfTurn(() => this.#finishStop());
    else this.#role.end('the server stops');
  }

  #finishStop(): void {
    const done = this.#stopped;
    this.#stopped = null;
    done?.();
  }
}

function leaderRounds(leader: QuorumServer): Address[][] {
  return Array.from({ length: LEADER_ROUNDS }, () => [quorumAddressOf(leader)]);
}

export function verifierOf(member: QuorumMember): QuorumVerifier {
  const { config } = member;
  const text = formatQuorumConfig(config);
  const servers = [...config.servers.values()];
  const voters = servers.filter(server => server.role === 'participant').map(server => server.sid);
  const observers = servers.filter(server => server.role === 'observer').map(server => server.sid);
  const membership = { version: config.version, text, voters, observers };
  if (config.groups.size === 0) return new QuorumMaj(membership);
  return new QuorumHierarchical({ ...membership, groups: config.groups, weights: config.weights });
}
