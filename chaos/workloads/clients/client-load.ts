import type { Clock } from '../../../server/runtime/runtime.ts';
import type { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import type { RecordingClient, Request } from './recording-client.ts';
import { drawWildRequest, withoutEphemerals } from './wild-requests.ts';

export interface ClientLoadOptions {
  client: RecordingClient;
  clock: Clock;
  random: SeededRandom;
  paths: readonly string[];
  pipelineDepth: number;
  thinkMs: readonly [low: number, high: number];
  readShare: number;
  /** Share of operations that go beyond registers; see `wild-requests.ts`. */
  wildShare?: number;
  /** Share of its steps with which the client closes, leaves or moves its session. @default 0.02 */
  sessionShare?: number;
  /** Share of the creates in multis that ask for ephemeral znodes. @default 0 */
  ephemeralParts?: number;
  /** Share of the requests for ephemeral znodes that are kept; the others ask for plain ones. @default 1 */
  ephemeralShare?: number;
  /** Prefix of every value that this client writes; it makes values unique. */
  signature: string;
}

/** Keeps one client busy: it thinks, then sends, whatever became of earlier requests. */
export class ClientLoad {
  readonly #options: ClientLoadOptions;
  #writes = 0;
  #stopped = false;

  constructor(options: ClientLoadOptions) {
    this.#options = options;
    this.#think();
  }

  stop(): void {
    this.#stopped = true;
  }

  #think(): void {
    const { clock, random, thinkMs } = this.#options;
    // Never 0, because an eager client would stop virtual time.
    const delayMs = Math.max(0.1, random.between(...thinkMs));
    const dueMs = clock.monotonicMs() + delayMs;
    clock.after(delayMs, () => this.#act(dueMs));
  }

  #act(dueMs: number): void {
    if (this.#stopped) return;
    const { client, clock, pipelineDepth } = this.#options;
    if (client.ready && client.pending < pipelineDepth && !this.#actOnSession()) {
      const lateMs = clock.monotonicMs() - dueMs;
      const late = lateMs < LATE_MS ? {} : { dueMs: client.nowMs - lateMs };
      client.send({ ...this.#drawRequest(), ...late });
    }
    this.#think();
  }

  /** Now and then a session is closed, left to expire, or moved to another server. */
  #actOnSession(): boolean {
    const { client, random, wildShare = 0, sessionShare = SESSION_SHARE } = this.#options;
    if (wildShare === 0 || !random.chance(sessionShare)) return false;
    const drawn = random.below(10);
    if (drawn < 5) client.move();
    else if (drawn < 7) client.vanish();
    else client.send({ f: 'closeSession', path: '' });
    return true;
  }

  #drawRequest(): Request {
    const {
      random,
      paths,
      readShare,
      wildShare = 0,
      ephemeralParts = 0,
      ephemeralShare = 1,
      signature,
    } = this.#options;
    if (wildShare > 0 && random.chance(SYNC_SHARE)) return { f: 'sync', path: random.pick(paths) };
    if (random.chance(wildShare)) {
      const shares = { readShare, ephemeralParts };
      const request = drawWildRequest(random, `${signature}-${this.#writes++}`, shares);
      return ephemeralShare === 1 || random.chance(ephemeralShare) ? request : withoutEphemerals(request);
    }
    const path = random.pick(paths);
    if (random.chance(readShare)) return { f: 'getData', path };
    const value = `${signature}-${this.#writes++}`;
    // Mostly fails with NODEEXISTS, on purpose: a failed write must leave no trace.
    return { f: random.chance(CREATE_SHARE) ? 'create' : 'setData', path, value };
  }
}

/** A timer may be that late; more is worth a record. */
const LATE_MS = 1;
const CREATE_SHARE = 0.1;
const SESSION_SHARE = 0.02;
const SYNC_SHARE = 0.05;
