import { highOf, lowOf } from '../../collections/long-map.ts';
import type { ServerConfig } from '../../config/server-config.ts';
import type { Request } from '../../processors/request.ts';
import type { ServerCnxn } from '../../processors/server-cnxn.ts';
import type { ServerParts } from '../../processors/zookeeper-server.ts';
import type { LocalSessions } from '../../sessions/local-sessions.ts';
import { SessionTracker, type TrackedSession } from '../../sessions/session-tracker.ts';
import { ErrorCode } from '../../wire/error-codes.ts';
import { JuteReader } from '../../wire/jute.ts';
import { OpCode } from '../../wire/opcodes.ts';

/** The global sessions of an ensemble, which only its leader expires. */
export class LeaderSessions {
  readonly tracker: SessionTracker;
  readonly #config: ServerConfig;
  /** The leader's own server: what its clients have, and what it submits itself, belongs to it. */
  readonly #own: object;
  readonly #local: LocalSessions | null;

  constructor(
    { clock, config, database, localSessions }: ServerParts,
    own: object,
    expire: (session: TrackedSession) => void,
  ) {
    this.#config = config;
    this.#own = own;
    this.#local = localSessions;
    this.tracker = new SessionTracker(clock, config.tickTimeMs, database.sessionTimeouts, expire);
  }

  /** A client of the leader comes back with its session. */
  renew(connection: ServerCnxn, sessionId: bigint, timeoutMs: number): void {
    const session = this.tracker.get(highOf(sessionId), lowOf(sessionId));
    if (session === undefined || session.closing) {
      connection.refused();
      return;
    }
    session.owner = this.#own;
    session.timeoutMs = timeoutMs;
    this.tracker.touch(session);
    connection.established(sessionId, timeoutMs);
  }

  touch({ sessionHigh, sessionLow }: ServerCnxn): void {
    const session = this.tracker.get(sessionHigh, sessionLow);
    if (session !== undefined) this.tracker.touch(session);
  }

  /** Begins the session of a createSession. Doing that twice changes nothing. */
  begin(request: Request): void {
    const timeoutMs = new JuteReader(request.bytes, request.start, request.end).readInt();
    this.tracker.track(idOf(request), timeoutMs).owner = request.owner;
  }

  /** Whether its session may make this request; a request that begins or ends a session does that here. */
  check(request: Request): number {
    // No client may send deleteContainer, but an Apache learner forwards it from one.
    if (request.op === OpCode.deleteContainer)
      return request.owner === this.#own && request.origin === null ? ErrorCode.OK : ErrorCode.UNIMPLEMENTED;
    if (request.op === OpCode.createSession) {
      this.begin(request);
      return ErrorCode.OK;
    }
    if (request.op === OpCode.closeSession) {
      const session = this.tracker.get(request.sessionHigh, request.sessionLow);
      if (session !== undefined) session.closing = true;
      return ErrorCode.OK;
    }
    const code = this.tracker.check(request.sessionHigh, request.sessionLow, request.owner);
    if (code !== ErrorCode.SESSIONEXPIRED || !this.#mayBeLocal(request)) return code;
    request.isLocalSession = true;
    return ErrorCode.OK;
  }

  /** A local session is known only to the member that its client is connected to. ZOOKEEPER-1147 */
  #mayBeLocal({ sessionHigh, sessionLow, owner }: Request): boolean {
    if (this.tracker.get(sessionHigh, sessionLow) !== undefined) return false;
    if (owner === this.#own) return this.#local?.has(sessionHigh, sessionLow) === true;
    return this.#config.localSessionsEnabled;
  }
}

function idOf(request: Request): bigint {
  return (BigInt(request.sessionHigh) << 32n) | BigInt(request.sessionLow >>> 0);
}
