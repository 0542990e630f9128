import { JointQuorum } from '../membership/joint-quorum.ts';
import { QuorumMaj } from '../membership/quorum-maj.ts';
import type { QuorumVerifier } from '../membership/quorum-verifier.ts';
import { MIN_LONG, type Notification } from '../wire/election-message.ts';
import { zxidToHex } from '../wire/zxid.ts';
import {
  type Elected,
  type ElectionEvent,
  type ElectionTimer,
  type ElectionView,
  FastLeaderElection,
  type Proposal,
} from './fast-leader-election.ts';

/**
 * Many election cores in one virtual time, for transcripts and properties. Links deliver in order, lose
 * messages while they are cut, and send the last message again when they heal, as QuorumCnxManager does.
 */
export interface Member {
  readonly sid: number;
  core: FastLeaderElection;
  readonly timers: Map<ElectionTimer, Scheduled>;
  proposal: Proposal;
  up: boolean;
  result: Elected | undefined;
}

interface Scheduled {
  readonly atMs: number;
  readonly run: () => void;
  cancelled: boolean;
}

export interface ClusterOptions {
  readonly voters: readonly number[];
  readonly observers?: readonly number[];
  readonly verifier?: QuorumVerifier;
  readonly delayMs: () => number;
  readonly finalizeWaitMs?: number;
  readonly log?: (line: string) => void;
}

export const FINALIZE_WAIT_MS = 200;

export class Cluster {
  readonly members = new Map<number, Member>();
  readonly #options: ClusterOptions;
  readonly #cuts = new Set<string>();
  readonly #lastSent = new Map<string, Notification>();
  readonly #lastArrivalMs = new Map<string, number>();
  readonly #scheduled: Scheduled[] = [];
  onElected: (member: Member) => void = () => {};
  nowMs = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    for (const sid of [...options.voters, ...(options.observers ?? [])]) {
      const proposal = { zxid: 0, peerEpoch: 0 };
      const core = this.#newCore(sid);
      this.members.set(sid, { sid, core, timers: new Map(), proposal, up: false, result: undefined });
    }
  }

  viewOf(sid: number, version = 0): ElectionView {
    const { voters, observers = [] } = this.#options;
    const text = `version=${version.toString(16)}`;
    const verifier = this.#options.verifier ?? new QuorumMaj({ voters, observers, version, text });
    return { role: observers.includes(sid) ? 'observer' : 'participant', quorum: new JointQuorum(verifier) };
  }

  #newCore(sid: number): FastLeaderElection {
    const intervals = { minNotificationIntervalMs: 200, maxNotificationIntervalMs: 60_000 };
    const { finalizeWaitMs = FINALIZE_WAIT_MS } = this.#options;
    return new FastLeaderElection({ sid, finalizeWaitMs, ...intervals }, this.viewOf(sid));
  }

  member(sid: number): Member {
    const member = this.members.get(sid);
    if (member === undefined) throw new Error(`no server ${sid} in this ensemble`);
    return member;
  }

  start(sid: number): void {
    const member = this.member(sid);
    member.core = this.#newCore(sid);
    member.up = true;
    for (const other of this.members.keys()) this.#reconnect(sid, other);
    this.look(sid);
  }

  stop(sid: number): void {
    const member = this.member(sid);
    member.up = false;
    member.result = undefined;
    for (const timer of member.timers.values()) timer.cancelled = true;
    for (const link of this.#lastSent.keys()) if (link.startsWith(`${sid}>`)) this.#lastSent.delete(link);
  }

  look(sid: number): void {
    const member = this.member(sid);
    member.result = undefined;
    this.step(member, { type: 'look', proposal: member.proposal });
  }

  /** Adopts a configuration with the same members and the given version, and starts the server. */
  adopt(sid: number, version: number): void {
    const member = this.member(sid);
    member.up = true;
    this.step(member, { type: 'view', view: this.viewOf(sid, version) });
  }

  cut(a: number, b: number): void {
    this.#cuts.add(`${a}>${b}`).add(`${b}>${a}`);
  }

  heal(a: number, b: number): void {
    this.#cuts.delete(`${a}>${b}`);
    this.#cuts.delete(`${b}>${a}`);
    this.#reconnect(a, b);
  }

  reaches(from: number, to: number): boolean {
    return this.member(from).up && this.member(to).up && !this.#cuts.has(`${from}>${to}`);
  }

  #reconnect(a: number, b: number): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const last = this.#lastSent.get(`${from}>${to}`);
      if (last !== undefined) this.#deliver(from, to, last);
    }
  }

  after(delayMs: number, run: () => void): Scheduled {
    const scheduled = { atMs: this.nowMs + delayMs, run, cancelled: false };
    const at = this.#scheduled.findIndex(other => other.atMs > scheduled.atMs);
    this.#scheduled.splice(at < 0 ? this.#scheduled.length : at, 0, scheduled);
    return scheduled;
  }

  advance(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const next = this.#scheduled[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#scheduled.shift();
      this.nowMs = next.atMs;
      if (!next.cancelled) next.run();
    }
    this.nowMs = endMs;
  }

  step(member: Member, event: ElectionEvent): void {
    for (const output of member.core.step(event)) {
      switch (output.type) {
        case 'send':
          this.#send(member.sid, output.to, output.notification);
          break;
        case 'setTimer':
          this.#setTimer(member, output.timer, output.delayMs);
          break;
        case 'cancelTimer':
          this.#cancelTimer(member, output.timer);
          break;
        case 'configSeen':
          this.#log(`${member.sid} sees configuration ${output.version} of ${output.from}`);
          break;
        case 'supportLost':
          this.#log(`${member.sid} lost its quorum, still for it: ${[...output.remaining].join(' ')}`);
          break;
        case 'elected':
          member.result = output.result;
          this.#logElected(member.sid, output.result);
          this.onElected(member);
          break;
      }
    }
  }

  #setTimer(member: Member, timer: ElectionTimer, delayMs: number): void {
    this.#cancelTimer(member, timer);
    const scheduled = this.after(delayMs, () => this.step(member, { type: 'timer', timer }));
    member.timers.set(timer, scheduled);
  }

  #cancelTimer(member: Member, timer: ElectionTimer): void {
    const scheduled = member.timers.get(timer);
    if (scheduled !== undefined) scheduled.cancelled = true;
  }

  #send(from: number, to: number, notification: Notification): void {
    this.#log(`${from} > ${to}  ${describe(notification)}`);
    this.#lastSent.set(`${from}>${to}`, notification);
    this.#deliver(from, to, notification);
  }

  #deliver(from: number, to: number, notification: Notification): void {
    const link = `${from}>${to}`;
    if (!this.members.has(to) || !this.reaches(from, to)) return;
    const atMs = Math.max(this.nowMs + this.#options.delayMs(), this.#lastArrivalMs.get(link) ?? 0);
    this.#lastArrivalMs.set(link, atMs);
    const { core } = this.member(to);
    this.after(atMs - this.nowMs, () => {
      const member = this.member(to);
      const arrives = this.reaches(from, to) && member.core === core;
      if (arrives) this.step(member, { type: 'notification', from, notification });
    });
  }

  #logElected(sid: number, { state, leader, vote, supporters }: Elected): void {
    const by = [...supporters].sort((a, b) => a - b).join(' ');
    this.#log(`${sid} is ${state}, leader ${leader}, round ${vote.round}, votes of ${by}`);
  }

  #log(line: string): void {
    this.#options.log?.(`${String(this.nowMs).padStart(6)} ms  ${line}`);
  }
}

function describe({ state, leader, zxid, peerEpoch, round }: Notification): string {
  if (leader === MIN_LONG) return `${state} for nobody, round ${round}`;
  return `${state} for ${leader} (epoch ${peerEpoch} zxid ${zxidToHex(zxid)}), round ${round}`;
}
