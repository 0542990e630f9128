import type { Configuration } from './configuration.ts';
import { JointQuorum, type QuorumSource } from './joint-quorum.ts';
import type { QuorumServer, Role } from './quorum-server.ts';

/** Which of the two configurations changed. A committed configuration has been seen as well. */
export type MembershipChange = 'seen' | 'committed';
type MembershipListener = (what: MembershipChange) => void;

/**
 * The configurations that one member goes by: the last one committed, and the last one seen, which may never
 * be committed. Code that needs to know who votes, where a member is, or what a quorum is reads it here at
 * the moment of use, and keeps no copy.
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
  #own: QuorumServer | undefined;

  constructor(sid: number, committed: Configuration, onChange: MembershipListener = () => {}) {
    this.sid = sid;
    this.#onChange = onChange;
    this.#committed = committed;
    this.#lastSeen = committed;
    this.#quorum = new JointQuorum(committed.verifier);
    this.#servers = committed.servers;
    this.#own = committed.servers.get(sid);
  }

  /** The configuration that votes name and clients read. */
  get committed(): Configuration {
    return this.#committed;
  }

  /** The committed configuration, or a later one. NEWLEADER names it, so a new leader completes it. */
  get lastSeen(): Configuration {
    return this.#lastSeen;
  }

  /** The quorum that elects, establishes and keeps a leader, and commits. */
  get quorum(): JointQuorum {
    return this.#quorum;
  }

  /** Servers of either configuration. */
  get servers(): ReadonlyMap<number, QuorumServer> {
    return this.#servers;
  }

  /** A server that its configuration does not name follows without a vote. */
  get role(): Role {
    return roleIn(this.#committed, this.sid);
  }

  /** Undefined for a server that is in neither configuration, and where the two differ. */
  roleOf(sid: number): Role | undefined {
    const { role } = this.#servers.get(sid) ?? {};
    const next = this.#lastSeen.servers.get(sid)?.role ?? role;
    return role === next ? role : undefined;
  }

  /** The last line that a configuration had for this server, so that a removed server keeps its ports. */
  get own(): QuorumServer {
    if (this.#own === undefined) throw new Error(`no configuration names this server, ${this.sid}`);
    return this.#own;
  }

  /** Where a server may be: by the committed configuration first, then by the last seen one. */
  placesOf(sid: number): readonly QuorumServer[] {
    const places = [this.#committed, this.#lastSeen].map(({ servers }) => servers.get(sid));
    return [...new Set(places)].filter(place => place !== undefined);
  }

  /**
   * Sees a configuration that is in the log, in a proposal, or named by a leader. It replaces the
   * configuration that was seen before, which was abandoned if it is not committed. `fromZxid`: the zxid of
   * the proposal, on the leader that makes it.
   */
  see(configuration: Configuration, fromZxid = 0): void {
    const isNewer = configuration.verifier.version > this.#committed.verifier.version;
    const lastSeen = isNewer ? configuration : this.#committed;
    // No two configurations have the same version.
    if (lastSeen.verifier.version === this.#lastSeen.verifier.version) return;
    this.#set('seen', this.#committed, lastSeen, fromZxid);
  }

  /** False when the configuration is no newer than the committed one. */
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
    this.#own = committed.servers.get(this.sid) ?? this.#own;
    this.#onChange(what);
  }
}

/** Upstream's non-voting follower is a participant that the configuration does not name. */
export function roleIn({ servers }: Configuration, sid: number): Role {
  return servers.get(sid)?.role ?? 'participant';
}
