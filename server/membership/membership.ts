import type { Configuration } from './configuration.ts';
import { JointQuorum, type QuorumSource } from './joint-quorum.ts';
import type { QuorumServer, Role } from './quorum-server.ts';

/** Of the two configurations; what is committed has been seen as well. */
export type MembershipChange = 'seen' | 'committed';
type MembershipListener = (what: MembershipChange) => void;

/**
 * The configurations that one member goes by: the last that is committed, and the last that it has seen,
 * which may never be. Whoever needs to know who votes, where a member is, or what a quorum is reads it here
 * at the moment of use and keeps nothing.
 *
 * @see docs/quorum.md "Two configurations at once"; QuorumPeer.setLastSeenQuorumVerifier
 */
export class Membership implements QuorumSource {
  readonly sid: number;
  readonly #onChange: MembershipListener;
  #committed: Configuration;
  #lastSeen: Configuration;
  #quorum: JointQuorum;
  #servers: ReadonlyMap<number, QuorumServer>;

  constructor(sid: number, committed: Configuration, onChange: MembershipListener = () => {}) {
    this.sid = sid;
    this.#onChange = onChange;
    this.#committed = committed;
    this.#lastSeen = committed;
    this.#quorum = new JointQuorum(committed.verifier);
    this.#servers = committed.servers;
  }

  /** What votes name, and what clients read. */
  get committed(): Configuration {
    return this.#committed;
  }

  /** The committed one, or one of a higher version. NEWLEADER names it, so a leader completes it. */
  get lastSeen(): Configuration {
    return this.#lastSeen;
  }

  /** What elects, establishes and keeps a leader, and commits. */
  get quorum(): JointQuorum {
    return this.#quorum;
  }

  /** Of either configuration. */
  get servers(): ReadonlyMap<number, QuorumServer> {
    return this.#servers;
  }

  /** A server that its configuration does not name follows without a vote. */
  get role(): Role {
    return this.#committed.servers.get(this.sid)?.role ?? 'participant';
  }

  /**
   * In the log, in a proposal, or named by a leader. It takes the place of what was seen before: that came to
   * nothing if it is not committed. `fromZxid`: of the proposal, on the leader that makes it.
   */
  see(configuration: Configuration, fromZxid = 0): void {
    const isNewer = configuration.verifier.version > this.#committed.verifier.version;
    const lastSeen = isNewer ? configuration : this.#committed;
    // A version names one configuration.
    if (lastSeen.verifier.version === this.#lastSeen.verifier.version) return;
    this.#set('seen', this.#committed, lastSeen, fromZxid);
  }

  /** False when it is no newer than what is committed. */
  commit(configuration: Configuration): boolean {
    const { version } = configuration.verifier;
    if (version <= this.#committed.verifier.version) return false;
    const isNewest = version >= this.#lastSeen.verifier.version;
    this.#set('committed', configuration, isNewest ? configuration : this.#lastSeen, this.#quorum.nextFrom);
    return true;
  }

  #set(what: MembershipChange, committed: Configuration, lastSeen: Configuration, fromZxid: number): void {
    this.#committed = committed;
    this.#lastSeen = lastSeen;
    const isJoint = lastSeen !== committed;
    this.#quorum = isJoint
      ? new JointQuorum(committed.verifier, lastSeen.verifier, fromZxid)
      : new JointQuorum(committed.verifier);
    this.#servers =
      committed.servers === lastSeen.servers
        ? committed.servers
        : new Map([...lastSeen.servers, ...committed.servers]);
    this.#onChange(what);
  }
}
