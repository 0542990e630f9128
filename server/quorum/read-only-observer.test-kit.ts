/** Ensembles whose observers serve read-only clients without a master, and the clients that watch them. */
import { assert } from '#test';
import { answerFourLetterWord } from '../admin/four-letter-words.ts';
import { body, MemoryClient, type Reply } from '../memory-client.test-kit.ts';
import { type EnsemblePlan, MemoryEnsemble, nameOf } from '../memory-ensemble.test-kit.ts';
import type { ConnectRequest } from '../wire/connect.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader } from '../wire/jute.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import { readWatcherEvent, type WatcherEvent } from '../wire/watch-event.ts';

export const TIMEOUT_MS = 4000;
/** The three voters; the observers come after them. */
export const VOTERS = [1, 2, 3] as const;
export const [OBSERVER, OTHER_OBSERVER] = [4, 5];
export const READ_ONLY: Partial<ConnectRequest> = { readOnly: true, timeoutMs: TIMEOUT_MS };

export function readOnlyEnsemble(
  settings: Readonly<Record<string, string | number>> = {},
  plan: Partial<EnsemblePlan> = {},
): MemoryEnsemble {
  return new MemoryEnsemble({
    voters: VOTERS.length,
    observers: 2,
    settings: {
      localSessionsEnabled: 'true',
      localSessionsUpgradingEnabled: 'true',
      'observer.readOnly.enabled': 'true',
      ...settings,
    },
    ...plan,
  }).start();
}

export const modeOf = (ensemble: MemoryEnsemble, sid = OBSERVER): string | undefined =>
  ensemble.server(sid).view.serving?.mode;

/** The quorum is gone, and the observer has noticed. */
export function loseQuorum(ensemble: MemoryEnsemble): void {
  for (const sid of VOTERS) ensemble.kill(sid);
  untilReadOnly(ensemble);
}

export function untilReadOnly(ensemble: MemoryEnsemble, sid = OBSERVER): void {
  ensemble.wait(() => modeOf(ensemble, sid) === 'read-only', 'the observer to be read-only');
}

export function untilObserves(ensemble: MemoryEnsemble, sid = OBSERVER): void {
  ensemble.wait(() => modeOf(ensemble, sid) === 'observer', 'the observer to have a master');
}

/** The voters come back with what they had. */
export function restoreQuorum(ensemble: MemoryEnsemble): void {
  ensemble.boot(...VOTERS);
  untilObserves(ensemble);
}

/** Does what `restoreQuorum` does, while these clients ping. */
export function restoreWithPings(ensemble: MemoryEnsemble, clients: readonly MemoryClient[]): void {
  ensemble.boot(...VOTERS);
  for (let waitedMs = 0; modeOf(ensemble) !== 'observer'; waitedMs += TIMEOUT_MS / 4) {
    assert.ok(waitedMs < 30_000, 'waited for the observer to have a master');
    for (const client of clients) client.ping();
    ensemble.time.advance(TIMEOUT_MS / 4);
  }
}

export function openReader(ensemble: MemoryEnsemble, sid = OBSERVER): MemoryClient {
  return MemoryClient.open(ensemble, sid, READ_ONLY);
}

export function eventsOf({ replies }: MemoryClient): WatcherEvent[] {
  return replies
    .filter(({ xid }) => xid === Xid.notification)
    .map(({ body: bytes }) => readWatcherEvent(new JuteReader(bytes)));
}

/** The states that a client was told, in order. */
export function statesOf(client: MemoryClient): number[] {
  return eventsOf(client)
    .filter(({ type }) => type === -1)
    .map(({ state, path }) => {
      assert.is(path, '', 'clients of Java dereference the path');
      return state;
    });
}

/** Row 003-2: no read takes longer. */
const LATE_MS = 50;

/** A client that reads every few ms, and how each read went. */
export class SteadyReader {
  readonly client: MemoryClient;
  readonly #ensemble: MemoryEnsemble;
  readonly #path: string;
  readonly #sentMs = new Map<number, number>();
  worstMs = 0;
  reads = 0;
  failed: Reply[] = [];

  constructor(ensemble: MemoryEnsemble, client: MemoryClient, path: string) {
    this.#ensemble = ensemble;
    this.client = client;
    this.#path = path;
  }

  /** Advances time by `ms` with a read every 5 ms, and then until the last read is answered or late. */
  readFor(ms: number): void {
    const { time } = this.#ensemble;
    for (const endMs = time.nowMs + ms; time.nowMs < endMs; time.advance(5)) {
      this.#sentMs.set(this.client.send(OpCode.getData, body.read(this.#path)), time.nowMs);
      this.#collect();
    }
    for (this.#collect(); this.#sentMs.size > 0 && this.worstMs <= LATE_MS; this.#collect()) time.advance(5);
  }

  readUntil(condition: () => boolean, what: string): void {
    for (let waitedMs = 0; !condition(); waitedMs += 50) {
      assert.ok(waitedMs < 30_000, `waited for ${what}`);
      this.readFor(50);
    }
  }

  #collect(): void {
    const nowMs = this.#ensemble.time.nowMs;
    for (const reply of this.client.replies) {
      const sentMs = this.#sentMs.get(reply.xid);
      if (sentMs === undefined) continue;
      this.#sentMs.delete(reply.xid);
      this.reads++;
      this.worstMs = Math.max(this.worstMs, nowMs - sentMs);
      if (reply.err !== ErrorCode.OK) this.failed.push(reply);
    }
    this.client.frames.splice(0, Math.max(0, this.client.frames.length - 200));
    for (const sentMs of this.#sentMs.values()) this.worstMs = Math.max(this.worstMs, nowMs - sentMs);
  }

  /** Checks that no read failed or was late, and that the connection is still the same. */
  missedNothing(leastReads: number): void {
    this.#collect();
    assert.is(this.client.raw.closed, null);
    assert.equal(this.failed, []);
    assert.ok(this.reads >= leastReads, `${this.reads} reads`);
    assert.ok(this.worstMs <= LATE_MS, `one read took ${this.worstMs} ms`);
  }
}

export const wordOf = (ensemble: MemoryEnsemble, word: string, sid = OBSERVER): string =>
  [...answerFourLetterWord(word, ensemble.server(sid).view)!].join('');

/** Cuts every connection between these two, or allows them again. Both servers stay alive. */
export function cut(ensemble: MemoryEnsemble, one: number, other: number, isCut: boolean): void {
  for (const [from, to] of [
    [nameOf(one), nameOf(other)],
    [nameOf(other), nameOf(one)],
  ] as const) {
    if (isCut) ensemble.network.cut(from, to, 'refuse');
    else ensemble.network.heal(from, to);
  }
}

/** Waits until the observers are alone. */
export function isolate(ensemble: MemoryEnsemble, isCut: boolean): void {
  for (const observer of [OBSERVER, OTHER_OBSERVER])
    for (const voter of VOTERS) cut(ensemble, observer, voter, isCut);
}

/**
 * The old leader alone logs this write to `/a`, which was "old", and leads the next epoch with it as soon as
 * it may. Followers whose disks stand still keep that epoch from being established.
 */
export function untilSyncIsHeldBack(ensemble: MemoryEnsemble, written: string) {
  const client = openReader(ensemble);
  client.create('/a', 'old');
  const { leader } = ensemble;
  const followers = VOTERS.filter(sid => sid !== leader);
  for (const sid of followers) ensemble.kill(sid);
  client.send(OpCode.setData, body.setData('/a', written));
  ensemble.time.advance(30);
  untilReadOnly(ensemble);
  for (const sid of followers) ensemble.machine(sid).disk.syncDelayMs = 1_000_000;
  ensemble.boot(...followers);
  const observer = ensemble.server(OBSERVER).database;
  ensemble.wait(() => observer.lastLoggedZxid > observer.lastProcessedZxid, 'a sync that is held back');
  return { leader, client, followers, observer };
}
