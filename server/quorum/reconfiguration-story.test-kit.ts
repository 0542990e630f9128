/** A reconfiguration of a whole ensemble, with a member that crashes at a given moment of it, and a judge. */
import { assert } from '#test';
import { QuorumMaj } from '../membership/quorum-maj.ts';
import { MemoryClient, type Reply } from '../memory-client.test-kit.ts';
import { type EnsemblePlan, MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { OpCode } from '../wire/opcodes.ts';
import { type ReconfigRequest, writeReconfigRequest } from '../wire/requests.ts';

export const SETTINGS = { reconfigEnabled: 'true', skipACL: 'yes' };
export type Asked = Partial<ReconfigRequest>;

export function sendReconfig(client: MemoryClient, asked: Asked): number {
  const request = { joining: null, leaving: null, newMembers: null, curConfigId: -1, ...asked };
  return client.send(OpCode.reconfig, w => writeReconfigRequest(w, request));
}

export function reconfigure(client: MemoryClient, asked: Asked): Reply {
  return client.reply(sendReconfig(client, asked));
}

/**
 * Checks at every step of an ensemble that nothing forbidden happens:
 *
 * - a member puts a configuration in force that no quorum of it, or of the one before, has in its log;
 * - two members lead in one epoch;
 * - two members that serve as leaders both have a quorum of their own configuration that follows them.
 */
export class Judge {
  readonly #ensemble: MemoryEnsemble;
  readonly #before: readonly number[];
  readonly #leaders = new Map<number, number>();
  readonly #judged = new Map<number, number>();
  /** The highest zxid that each member has ever had in its log. */
  readonly #logged = new Map<number, number>();
  /** Voters by version. */
  readonly activated = new Map<number, readonly number[]>();

  /** `before`: the voters that the ensemble starts with. */
  constructor(ensemble: MemoryEnsemble, before: readonly number[]) {
    this.#ensemble = ensemble;
    this.#before = before;
  }

  /** Each leader that serves, with the synced followers that it has: no two of them have a quorum. */
  #countLeaders(): void {
    const running = this.#ensemble.sids.filter(sid => this.#ensemble.runs(sid));
    const views = new Map(running.map(sid => [sid, this.#ensemble.server(sid).view]));
    const leading = running.filter(sid => {
      const view = views.get(sid)!;
      return view.leaderServer !== null && view.serving === view.leaderServer && !view.leaderServer.isRetired;
    });
    if (leading.length < 2) return;
    const withQuorum = leading.filter(leader => {
      const follows = (sid: number) => {
        const peer = views.get(sid)!.peer!;
        return (
          sid === leader ||
          (peer.leaderSid === leader && peer.role?.name === 'follower' && peer.learner?.synced)
        );
      };
      const { quorum } = views.get(leader)!.peer!.membership;
      return quorum.containsQuorum(new Set(running.filter(follows)));
    });
    assert.ok(withQuorum.length < 2, `the leaders ${withQuorum} have a quorum each`);
  }

  look(): void {
    this.#countLeaders();
    for (const sid of this.#ensemble.sids) this.#noteLog(sid);
    for (const sid of this.#ensemble.sids) this.#judge(sid);
  }

  #noteLog(sid: number): void {
    if (!this.#ensemble.runs(sid)) return;
    const { lastLoggedZxid } = this.#ensemble.server(sid).database;
    this.#logged.set(sid, Math.max(this.#logged.get(sid) ?? 0, lastLoggedZxid));
  }

  #judge(sid: number): void {
    const events = this.#ensemble.events.get(sid) ?? [];
    for (let at = this.#judged.get(sid) ?? 0; at < events.length; at++) {
      const event = events[at]!;
      if (event.kind === 'leading') this.#onLeading(sid, event.epoch);
      else if (event.kind === 'configured' && event.version % 2 ** 32 > 0)
        this.#onConfigured(sid, event.version, event.voters);
    }
    this.#judged.set(sid, events.length);
  }

  #onLeading(sid: number, epoch: number): void {
    const other = this.#leaders.get(epoch) ?? sid;
    assert.is(other, sid, `members ${other} and ${sid} both lead in epoch ${epoch}`);
    this.#leaders.set(epoch, sid);
  }

  /** When the first member puts a configuration in force, a quorum must already have it on disk. */
  #onConfigured(sid: number, version: number, voters: readonly number[]): void {
    if (this.activated.has(version)) return;
    const before = [...this.activated.keys()].filter(other => other < version).sort((a, b) => b - a)[0];
    this.activated.set(version, voters);
    const have = new Set(this.#ensemble.sids.filter(other => (this.#logged.get(other) ?? 0) >= version));
    for (const members of [before === undefined ? this.#before : this.activated.get(before)!, voters]) {
      const verifier = new QuorumMaj({ version: 0, text: '', voters: members, observers: [] });
      assert.ok(
        verifier.containsQuorum(have),
        `member ${sid} puts ${version.toString(16)} in force, which only ${[...have]} have logged; the voters are ${members}`,
      );
    }
  }
}

export interface Story {
  readonly plan: EnsemblePlan;
  readonly voters: readonly number[];
  readonly joiners: readonly number[];
  readonly asked: (leader: number) => Asked;
}

export interface Crash {
  readonly sid: number;
  /** The crash comes this many events of the simulated world after the request. */
  readonly afterEvents: number;
  readonly how: 'kill' | 'power';
  /** Null: the member stays away until the others have gone on. */
  readonly backAfterMs: number | null;
}

/** The number of events that the story takes without a crash. */
export function lengthOf(story: Story): number {
  return play(story, null).events;
}

/**
 * Plays the story. Whatever the crash did, all members agree in the end on one configuration, and everything
 * that a client was told is committed is there on all of them.
 */
export function play(story: Story, crash: Crash | null): { events: number; changed: boolean } {
  const ensemble = new MemoryEnsemble({ ...story.plan, settings: SETTINGS });
  ensemble.start();
  if (story.joiners.length > 0) {
    ensemble.boot(...story.joiners);
    ensemble.waitServing(...story.joiners);
  }
  const judge = new Judge(ensemble, story.voters);
  const { leader } = ensemble;
  const asker = ensemble.sids.find(sid => sid !== crash?.sid)!;
  const client = MemoryClient.open(ensemble, asker);
  const written = ['/before'];
  assert.is(client.create('/before').err, 0);
  const start = ensemble.time.eventsExecuted;
  const xid = sendReconfig(client, story.asked(leader));
  const behind = client.send(OpCode.create, w => createBody(w, '/behind'));
  const replied = (id: number) => client.replies.some(reply => reply.xid === id);
  const isOver = () => replied(behind) || client.raw.closed !== null;
  const until = ensemble.time.nowMs + 20_000;
  let crashed = crash === null;
  ensemble.time.runUntil(() => {
    judge.look();
    if (!crashed && ensemble.time.eventsExecuted - start >= crash!.afterEvents) {
      crashed = true;
      ensemble.kill(crash!.sid, crash!.how);
    }
    return crashed && isOver();
  }, until);
  const events = ensemble.time.eventsExecuted - start;
  if (crash !== null) {
    const backMs = ensemble.time.nowMs + (crash.backAfterMs ?? 3000);
    ensemble.time.runUntil(() => {
      judge.look();
      return false;
    }, backMs);
    ensemble.boot(crash.sid);
  }
  if (client.replies.find(reply => reply.xid === behind)?.err === 0) written.push('/behind');
  const changed = client.replies.find(reply => reply.xid === xid)?.err === 0;
  ensemble.wait(
    () => {
      judge.look();
      return isSettled(ensemble);
    },
    'all members to serve with one configuration',
    60_000,
  );
  const last = MemoryClient.open(ensemble, ensemble.leader);
  assert.is(last.create('/after').err, 0);
  written.push('/after');
  ensemble.time.advance(1000);
  const [version] = [...new Set(versions(ensemble))];
  if (changed) assert.ok(version! % 2 ** 32 > 0, 'what the client was told is in force');
  for (const sid of ensemble.sids)
    for (const path of written)
      assert.ok(ensemble.server(sid).database.tree.getNode(path) !== undefined, `${path} on member ${sid}`);
  return { events, changed };
}

function createBody(writer: Parameters<Parameters<MemoryClient['send']>[1] & {}>[0], path: string): void {
  writer
    .writeString(path)
    .writeBuffer(null)
    .writeInt(1)
    .writeInt(31)
    .writeString('world')
    .writeString('anyone')
    .writeInt(0);
}

function versions(ensemble: MemoryEnsemble): number[] {
  return ensemble.sids.map(sid => ensemble.server(sid).view.peer!.membership.committed.verifier.version);
}

/** All members serve, one of them leads, and the same configuration is in force everywhere. */
export function isSettled(ensemble: MemoryEnsemble): boolean {
  if (!ensemble.sids.every(sid => ensemble.runs(sid) && ensemble.server(sid).view.serving !== null))
    return false;
  if (ensemble.leader < 0) return false;
  return new Set(versions(ensemble)).size === 1;
}
