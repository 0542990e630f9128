/**
 * Measures one cell after the other: an experiment on a topology under a condition in one round. What goes
 * wrong costs its own cell; the topology is mended, and the run says what it did not measure.
 */

import type { EventSink } from '../../results/events.ts';
import { isDefect } from '../defect.ts';
import { LoadError } from '../load/load-error.ts';
import type { Recorder } from '../measure/recorder.ts';
import { EnsembleError } from '../topology/ensemble-error.ts';
import { brokenMembers, deathsSince, mendEnsemble, pausedMembers } from '../topology/ensemble-health.ts';
import type { CellLedger, CellPlace } from './cell-ledger.ts';
import { NotHealed } from './not-healed.ts';
import type { RunningTopology } from './running-topology.ts';

export interface CellsOptions {
  readonly ledger: CellLedger;
  readonly recorder: Recorder;
  readonly events: EventSink;
  readonly signal: AbortSignal;
  /** A member that ended must serve again within this time. */
  readonly recoverMaxMs: number;
  /** Why the proxies serve no more; undefined while they do. */
  readonly proxiesLost?: () => Promise<string | undefined>;
  /** Ms since 1970. @default the clock of the machine */
  readonly wallClock?: () => number;
}

export interface Cell extends Omit<CellPlace, 'topology'> {
  readonly stage: RunningTopology;
  readonly round: number;
  readonly of: number;
  /** False: once a member ended, nothing more is measured on the stage. @default it is mended */
  readonly isMended?: boolean;
}

/** How many loads of a stage may fail to run before the stage is given up. */
const UNRUN_MAX = 3;

/** Why a cell does not count, and whether its topology may go on. */
interface Trouble {
  readonly reason: string;
  /** `machine`: the machine was busy, so nothing needs mending and the next cell may count. */
  readonly kind: 'load' | 'machine' | 'members' | 'hopeless';
  /** No process ended, and the links work: whatever does not serve is the servers' own fault. */
  readonly isOfServers?: boolean;
}

/**
 * Measurements rely on the wall clocks of several processes. Normal corrections of a clock are smaller than
 * this.
 */
const CLOCK_JUMP_MS = 100;

export class Cells {
  readonly #options: CellsOptions;
  /** Why nothing more is measured on a stage. */
  readonly #givenUp = new Map<RunningTopology, string>();
  readonly #unrun = new Map<RunningTopology, number>();

  constructor(options: CellsOptions) {
    this.#options = options;
  }

  /** @throws the reason of the signal, and what looks like a defect of zklab */
  async measure(
    { stage, round, of, isMended = true, ...what }: Cell,
    body: () => Promise<void>,
  ): Promise<void> {
    const { ledger, events, recorder } = this.#options;
    const place = { ...what, topology: stage.name };
    const before = this.#givenUp.get(stage);
    if (before !== undefined) return ledger.lost(place, round, before);
    const { experiment, topology, condition } = place;
    events.emit({ kind: 'turn', what: experiment, round, of, topology, condition });
    stage.begin(`${experiment}, ${condition}, round ${round + 1}`);
    const since = recorder.mark();
    const trouble = (await this.#broken(stage, isMended)) ?? (await this.#try(stage, body));
    if (trouble === undefined) return ledger.measured(place);
    const { reason, kind } = trouble;
    recorder.voidSince(since, reason);
    ledger.lost(place, round, reason, kind === 'load' || kind === 'machine');
    events.emit({ kind: 'note', text: `${topology}, ${condition}, round ${round + 1} is lost: ${reason}` });
    await this.#goOn(stage, kind === 'members' && !isMended ? { reason, kind: 'hopeless' } : trouble);
    // An ensemble that never serves again has lost its liveness, whatever was measured of it.
    const hopeless = this.#givenUp.get(stage);
    if (trouble.isOfServers && hopeless !== undefined)
      recorder.voided({ metric: 'writeAfterHeal', topology, condition }, round, hopeless);
  }

  /** A cell that could not even begin, because its ensemble did not start. */
  lose(place: CellPlace, round: number, reason: string): void {
    this.#options.ledger.lost(place, round, reason);
  }

  /** What must be done before a stage is measured. It is tried again once the stage is mended. */
  async prepare(stage: RunningTopology, what: string, body: () => Promise<void>): Promise<void> {
    const { events } = this.#options;
    stage.begin(what);
    for (let attempt = 1; !this.#givenUp.has(stage); attempt++) {
      const trouble = await this.#try(stage, body);
      if (trouble === undefined) return;
      events.emit({ kind: 'note', text: `${stage.name}, ${what}: ${trouble.reason}` });
      await this.#goOn(stage, trouble);
      if (attempt === UNRUN_MAX) this.#giveUp(stage, `${what}: ${trouble.reason}`);
    }
  }

  /** What happened to a stage while another one was measured is mended before its next cell. */
  async #broken(stage: RunningTopology, isMended: boolean): Promise<Trouble | undefined> {
    const { signal } = this.#options;
    signal.throwIfAborted();
    const found = brokenMembers(stage.ensemble);
    if (found.length === 0) return undefined;
    await this.#goOn(stage, { reason: found.join('; '), kind: isMended ? 'members' : 'hopeless' });
    const hopeless = this.#givenUp.get(stage);
    return hopeless === undefined ? undefined : { reason: hopeless, kind: 'hopeless' };
  }

  async #try(stage: RunningTopology, body: () => Promise<void>): Promise<Trouble | undefined> {
    const { signal, proxiesLost } = this.#options;
    signal.throwIfAborted();
    const deaths = stage.ensemble.deaths.length;
    const jumped = this.#clockWatch();
    let failure: Error | undefined;
    try {
      await body();
    } catch (error) {
      failure = error as Error;
    }
    signal.throwIfAborted();
    const lost = stage.hasLinks ? await proxiesLost?.() : undefined;
    if (lost !== undefined) return { reason: lost, kind: 'hopeless' };
    const members = [...(await deathsSince(stage.ensemble, deaths)), ...pausedMembers(stage.ensemble)];
    if (members.length > 0) return { reason: members.join('; '), kind: 'members' };
    const jump = jumped();
    if (jump !== undefined) return { reason: jump, kind: 'machine' };
    if (failure === undefined) return undefined;
    if (isDefect(failure)) throw failure;
    const reason = failure.message.split('\n')[0]!;
    if (failure instanceof LoadError) return { reason, kind: 'load' };
    if (failure instanceof NotHealed) return { reason, kind: 'hopeless' };
    return { reason, kind: 'members', isOfServers: failure instanceof EnsembleError };
  }

  /** Returns what tells whether the wall clock was set meanwhile. */
  #clockWatch(): () => string | undefined {
    const { wallClock = Date.now } = this.#options;
    const offset = () => wallClock() - performance.now();
    const before = offset();
    return () => {
      const byMs = Math.round(offset() - before);
      return Math.abs(byMs) > CLOCK_JUMP_MS ? `the wall clock was set by ${byMs} ms meanwhile` : undefined;
    };
  }

  async #goOn(stage: RunningTopology, { reason, kind }: Trouble): Promise<void> {
    const { recoverMaxMs, events, signal } = this.#options;
    if (kind === 'machine') return;
    if (kind === 'hopeless') return this.#giveUp(stage, reason);
    if (kind === 'load') {
      const times = (this.#unrun.get(stage) ?? 0) + 1;
      this.#unrun.set(stage, times);
      if (times > UNRUN_MAX) this.#giveUp(stage, reason);
      return;
    }
    try {
      for (const did of await mendEnsemble(stage.ensemble, recoverMaxMs))
        events.emit({ kind: 'note', text: `${stage.name}: ${did}` });
    } catch (error) {
      signal.throwIfAborted();
      this.#giveUp(stage, `${reason}; it was not mended: ${(error as Error).message.split('\n')[0]}`);
    }
    signal.throwIfAborted();
  }

  #giveUp(stage: RunningTopology, reason: string): void {
    const { events, recorder } = this.#options;
    if (this.#givenUp.has(stage)) return;
    this.#givenUp.set(stage, reason);
    recorder.remarks.push(`${stage.name} was measured no further: ${reason}`);
    events.emit({ kind: 'note', text: `${stage.name} is given up: ${reason}` });
  }
}
