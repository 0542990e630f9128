/**
 * One bout of the fuzzer: an ensemble in virtual time, quiet clients on every member, and attackers on every
 * port. A turn of a member's loop takes one virtual millisecond, so the latencies of the quiet clients count
 * turns.
 */
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { ErrorCode } from '../../server/wire/error-codes.ts';
import { ensembleOf, type MemberProgram } from '../simulation/members/member.ts';
import { SASL_SETTINGS } from '../simulation/members/member-sasl.ts';
import { World } from '../simulation/world.ts';
import { Attacker } from './attacker.ts';
import { type Conversation, drawConversation, type PortKind } from './conversation.ts';
import type { EnsembleFacts } from './learner-messages.ts';
import { PlainSession } from './plain-session.ts';
import { createNode, nodeValue, type QuestionKind, QuietClient, readNode } from './quiet-client.ts';

export interface BoutOptions {
  readonly program: MemberProgram;
  /** Ports that are attacked. */
  readonly ports: readonly PortKind[];
  /** Replaces the conversations that the seed would draw by those of a kept failure, by round. */
  readonly rounds?: readonly (readonly Conversation[])[];
}

export interface BoutResult {
  readonly seed: number;
  /** The first is the one to read; empty when the bout passed. */
  readonly complaints: readonly string[];
  readonly rounds: readonly (readonly Conversation[])[];
  readonly frames: number;
  /** Questions of quiet clients that were answered. */
  readonly answers: number;
  /** The longest wait of a quiet client for an answer, in turns. */
  readonly slowestTurns: { readonly read: number; readonly write: number };
  /**
   * The longest single turn while there were attackers, in ms of the wall clock. No verdict of a bout depends
   * on it.
   */
  readonly longestTurnMs: number;
  readonly trace: World['trace'];
}

const VOTERS = 3;
const OBSERVERS = 1;
/** In the form that `zklab up` takes. */
export const BOUT_TOPOLOGY = `voters=${VOTERS} observers=${OBSERVERS} masters=on`;
const PORT_NUMBERS: Readonly<Record<PortKind, number>> = {
  client: 2181,
  quorum: 2888,
  observerMaster: 2191,
  election: 3888,
};
const TURN_MS = 1;
const QUIET_ROOT = '/quiet';
const ROUNDS = 12;
const CONVERSATIONS = 14;
/** Attackers of a round begin one after the other within this time. */
const STAGGER_MS = 20;
const ROUND_MS = 150;
const FORM_MS = 60_000;
/**
 * A question takes two links and waits for the current turn. Any more waiting is what the neighbours cost.
 */
const READ_TURNS_MAX = 20;
/**
 * A write waits for turns of the leader and of a follower twice, for those of a master, and for two syncs.
 */
const WRITE_TURNS_MAX = 100;
const TURNS_MAX: readonly (readonly [QuestionKind, number])[] = [
  ['read', READ_TURNS_MAX],
  ['write', WRITE_TURNS_MAX],
];
const AGREE_MS = 10_000;
const LOG_LINE_CHARS_MAX = 4_096;
const SHOWN_CHARS = 160;

/** Two bouts with one seed and one program are identical, answer for answer. */
export function runBout(seed: number, options: BoutOptions): BoutResult {
  return new Bout(seed, options).run();
}

class Bout {
  readonly #seed: number;
  readonly #options: BoutOptions;
  readonly #random: SeededRandom;
  readonly #world: World;
  readonly #complaints: string[] = [];
  readonly #played: (readonly Conversation[])[] = [];
  readonly #slowest = { read: 0, write: 0 };
  readonly #quiet: QuietClient[] = [];
  #visitors = 0;
  #answers = 0;
  #longestTurnMs = 0;

  constructor(seed: number, options: BoutOptions) {
    this.#seed = seed;
    this.#options = options;
    this.#random = new SeededRandom(`fuzz ${seed}`);
    this.#world = new World({
      random: this.#random.fork('world'),
      members: ensembleOf({ voters: VOTERS, observers: OBSERVERS }),
      program: options.program,
      turnMs: TURN_MS,
      settings: {
        '4lw.commands.whitelist': '*',
        maxClientCnxns: '0',
        ...(this.#hasSasl ? SASL_SETTINGS : {}),
      },
      onLine: (member, line) => this.#onLine(member, line),
    });
  }

  /** In one of four bouts, members authenticate. */
  get #hasSasl(): boolean {
    return this.#seed % 4 === 0;
  }

  run(): BoutResult {
    this.#form();
    const { rounds } = this.#options;
    for (let at = 0; at < (rounds?.length ?? ROUNDS) && this.#complaints.length === 0; at++) {
      this.#round(at, rounds?.[at] ?? this.#draw(at));
    }
    if (this.#complaints.length === 0) this.#comeBack();
    return {
      seed: this.#seed,
      complaints: this.#complaints,
      rounds: this.#played,
      frames: this.#played.flat().reduce((sum, { frames }) => sum + frames, 0),
      answers: this.#answers,
      slowestTurns: this.#slowest,
      longestTurnMs: this.#longestTurnMs,
      trace: this.#world.trace,
    };
  }

  #form(): void {
    this.#world.startAll();
    if (!this.#waitUntilAllServe()) this.#complaints.push('the ensemble did not form');
    else this.#makeQuietRoot();
  }

  /** Made before any attack, because an attacker may lock the root for everybody, and has the right to. */
  #makeQuietRoot(): void {
    const { clock, network } = this.#visitor();
    let made = false;
    const session = new PlainSession(network, clock, this.#address(this.#world.sids[0]!, 'client'), () =>
      session.ask(createNode(QUIET_ROOT, 0), err => {
        made = err === ErrorCode.OK;
      }),
    );
    if (!this.#until(() => made, FORM_MS)) this.#complaints.push(`${QUIET_ROOT} could not be created`);
    session.leave();
  }

  #waitUntilAllServe(): boolean {
    const { sids } = this.#world;
    const serve = () => sids.every(sid => this.#world.state(sid)?.serving === true);
    return this.#until(serve, FORM_MS);
  }

  #until(condition: () => boolean, withinMs: number): boolean {
    const { time } = this.#world;
    return time.runUntil(condition, time.nowMs + withinMs);
  }

  /** Runs one event of the world at a time, which contains at most one turn of a member. */
  #timingTurns(condition: () => boolean): () => boolean {
    let beganMs = performance.now();
    return () => {
      const nowMs = performance.now();
      this.#longestTurnMs = Math.max(this.#longestTurnMs, nowMs - beganMs);
      beganMs = nowMs;
      return condition();
    };
  }

  #draw(round: number): Conversation[] {
    const random = this.#random.fork(`round ${round}`);
    const facts = this.#facts();
    return Array.from({ length: CONVERSATIONS }, () => drawConversation(facts, this.#options.ports, random));
  }

  #facts(): EnsembleFacts {
    const { sids } = this.#world;
    const states = sids.map(sid => this.#world.state(sid));
    return {
      sids,
      epoch: Math.max(...states.map(state => state?.epoch ?? 0)),
      zxid: Math.max(...states.map(state => state?.zxid ?? 0)),
      sasl: this.#hasSasl,
    };
  }

  #round(at: number, conversations: readonly Conversation[]): void {
    this.#played.push(conversations);
    const leader = this.#world.leader();
    const { epoch } = this.#facts();
    const quiet = this.#world.sids.map(sid => this.#quietClient(sid, `${QUIET_ROOT}/${at}-${sid}`));
    const attackers: Attacker[] = [];
    for (const [index, conversation] of conversations.entries()) {
      const { clock, network } = this.#visitor();
      clock.after((index * STAGGER_MS) / conversations.length, () => {
        attackers.push(
          new Attacker(conversation, network, clock, this.#address(conversation.sid, conversation.port)),
        );
      });
    }
    this.#until(
      this.#timingTurns(() => this.#world.failures.length > 0),
      ROUND_MS,
    );
    for (const [index, client] of quiet.entries()) this.#judgeQuiet(client, this.#world.sids[index]!);
    for (const attacker of attackers) attacker.leave();
    for (const client of quiet) client.leave();
    this.#quiet.push(...quiet);
    this.#complaints.push(...this.#world.failures);
    if (this.#world.leader() !== leader || this.#facts().epoch !== epoch)
      this.#complaints.push(`the leadership of member ${leader} in epoch ${epoch} was lost`);
    for (const sid of this.#world.sids)
      if (this.#world.state(sid)?.serving !== true)
        this.#complaints.push(`member ${sid} does not serve any more`);
  }

  #quietClient(sid: number, path: string): QuietClient {
    const { clock, network } = this.#visitor();
    return new QuietClient(path, network, clock, this.#address(sid, 'client'));
  }

  #visitor() {
    return this.#world.visitor(`visitor${++this.#visitors}`);
  }

  #address(sid: number, port: PortKind) {
    return { host: this.#world.specs.find(spec => spec.sid === sid)!.name, port: PORT_NUMBERS[port] };
  }

  #judgeQuiet(client: QuietClient, sid: number): void {
    this.#answers += client.answers;
    const who = `the quiet client of member ${sid}`;
    if (client.complaint !== undefined) this.#complaints.push(`${who}: ${client.complaint}`);
    for (const [kind, max] of TURNS_MAX) {
      const turns = Math.ceil(client.slowestMs(kind) / TURN_MS);
      this.#slowest[kind] = Math.max(this.#slowest[kind], turns);
      if (turns > max)
        this.#complaints.push(`${who} waited ${turns} turns for a ${kind}; at most ${max} are accepted`);
    }
  }

  /**
   * All members lose power and restart from their files. They must have the same tree, with everything
   * acknowledged.
   */
  #comeBack(): void {
    for (const sid of this.#world.sids) this.#world.crash(sid, 'power');
    this.#world.startAll();
    const serves = this.#waitUntilAllServe();
    this.#complaints.push(...this.#world.failures);
    if (!serves) {
      this.#complaints.push('the ensemble did not form again from its files');
      return;
    }
    const { sids } = this.#world;
    const agree = () => new Set(sids.map(sid => this.#world.state(sid)?.treeDigest)).size === 1;
    if (!this.#until(agree, AGREE_MS)) this.#complaints.push('the trees of the members differ');
    for (const client of this.#quiet) this.#readBack(client);
  }

  #readBack(client: QuietClient): void {
    if (client.acknowledged < 0) return;
    const { clock, network } = this.#visitor();
    let found: number | undefined;
    const session = new PlainSession(network, clock, this.#address(this.#world.sids[0]!, 'client'), () =>
      session.ask(readNode(client.path), (err, reply) => {
        found = err === ErrorCode.OK ? nodeValue(reply) : Number.NaN;
      }),
    );
    this.#until(() => found !== undefined || session.complaint !== undefined, AGREE_MS);
    session.leave();
    if (found === undefined || !client.mayBe(found)) {
      this.#complaints.push(
        `an acknowledged write was lost: ${client.path} was ${client.acknowledged} and is ${found}`,
      );
    }
  }

  #onLine(member: string, line: string): void {
    if (line.length <= LOG_LINE_CHARS_MAX && !hasControlCharacter(line)) return;
    const shown = JSON.stringify(line.slice(0, SHOWN_CHARS));
    this.#complaints.push(`${member} logged a line of ${line.length} characters: ${shown}`);
  }
}

function hasControlCharacter(line: string): boolean {
  for (let at = 0; at < line.length; at++) if (line.charCodeAt(at) < 0x20) return true;
  return false;
}
