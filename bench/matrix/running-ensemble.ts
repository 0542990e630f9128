/** One ensemble of a matrix while it runs: started, filled, warmed up and, if asked, limited in CPU. */
import type { EventSink } from '../../results/events.ts';
import type { Death } from '../../results/schema.ts';
import type { CpuBudget } from '../hosts/cpu-budget.ts';
import type { LoadDriver } from '../load/load-process.ts';
import type { LoadSpec, LoadTarget } from '../load/load-spec.ts';
import { preload } from '../load/workload/preload.ts';
import type { RunningTopology } from '../rounds/running-topology.ts';
import { Ensemble } from '../topology/ensemble.ts';
import { deathRows } from '../topology/ensemble-health.ts';
import type { Member } from '../topology/member.ts';
import { planEnsemble } from '../topology/plan.ts';
import type { Clients } from './matrix-schema.ts';
import type { LoadedCell, MatrixEnsemble } from './matrix-suite.ts';

const LEADER_MAX_MS = 20_000;

export interface EnsembleOptions {
  /** Empty. */
  readonly folder: string;
  readonly temporaryFolder: string;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

export class RunningEnsemble implements RunningTopology {
  readonly of: MatrixEnsemble;
  readonly ensemble: Ensemble;
  readonly hasLinks = false;
  readonly #begun: { readonly at: number; readonly what: string }[] = [];
  #budgets: ReadonlyMap<string, CpuBudget> = new Map();

  private constructor(of: MatrixEnsemble, ensemble: Ensemble) {
    this.of = of;
    this.ensemble = ensemble;
  }

  /** Settles when every member serves in its role. @throws EnsembleError; nothing is left running */
  static async start(of: MatrixEnsemble, options: EnsembleOptions): Promise<RunningEnsemble> {
    const { folder, temporaryFolder, events, signal } = options;
    signal.throwIfAborted();
    events.emit({ kind: 'phase', what: `starting ${of.label}: ${of.topology.shortForm}` });
    const plan = await planEnsemble(of.topology, folder);
    const ensemble = await Ensemble.start(plan, {
      temporaryFolder,
      onMember: event => events.emit({ kind: 'member', topology: of.topology.name, ...event }),
      signal,
    });
    return new RunningEnsemble(of, ensemble);
  }

  get name(): string {
    return this.of.topology.name;
  }

  begin(what: string): void {
    this.#begun.push({ at: Date.now(), what });
  }

  /** The CPU budget of a member; none where there is no limit. */
  budgetsOf(member: Member): CpuBudget[] {
    const budget = this.#budgets.get(member.name);
    return budget === undefined ? [] : [budget];
  }

  /**
   * Creates the znodes of every workload, and runs each of them for a while. Budgets come afterwards, because
   * a server gets warm slowly within one.
   */
  async warmUp(driver: LoadDriver, { seed, warmupMs }: { seed: number; warmupMs: number }): Promise<void> {
    const { budget, cells } = this.of;
    const leader = await this.ensemble.leaderWithin(LEADER_MAX_MS);
    const byWorkload = new Map(cells.map(cell => [cell.workload, cell]));
    for (const cell of byWorkload.values()) {
      const targets = await this.#targetsOf(cell.clients);
      const sessions = targets.length * cell.load.sessionsPerMember;
      await preload(leader.plan.ports.client, { ...cell.load.spec, seed }, sessions);
      if (warmupMs > 0)
        await driver.run(loadSpec(cell, targets, { seed, warmupMs: 0, durationMs: warmupMs }));
    }
    if (budget !== undefined)
      this.#budgets = new Map(this.ensemble.members.map(member => [member.name, member.limitCpu(budget)]));
  }

  /** The load of one window, against the members in their present roles. @throws EnsembleError */
  async loadOf(
    cell: LoadedCell,
    { seed, settleMs, windowMs }: { seed: number; settleMs: number; windowMs: number },
  ): Promise<{ readonly spec: LoadSpec; readonly leader: Member }> {
    const leader = await this.ensemble.leaderWithin(LEADER_MAX_MS);
    const targets = await this.#targetsOf(cell.clients);
    return { leader, spec: loadSpec(cell, targets, { seed, warmupMs: settleMs, durationMs: windowMs }) };
  }

  /** Processes of members that ended although the lab did not end them. */
  deaths(): Death[] {
    const during = (atMs: number) => this.#begun.findLast(each => each.at <= atMs)?.what ?? 'the start';
    return deathRows(this.ensemble, this.name, during);
  }

  async stop(): Promise<void> {
    await this.ensemble.stop();
  }

  async #targetsOf(clients: Clients): Promise<LoadTarget[]> {
    const leader = await this.ensemble.leaderWithin(LEADER_MAX_MS);
    const isMeant = (member: Member) => {
      const isVoter = member.plan.role === 'participant';
      switch (clients) {
        case 'leader':
          return member === leader;
        case 'followers':
          return isVoter && member !== leader;
        case 'voters':
          return isVoter;
        case 'observers':
          return !isVoter;
        case 'all':
          return true;
      }
    };
    return this.ensemble.members.filter(isMeant).map(member => ({
      name: member.name,
      ...member.plan.ports.client,
      role: member.plan.role === 'participant' ? 'voter' : 'observer',
    }));
  }
}

function loadSpec(
  { load }: LoadedCell,
  targets: LoadTarget[],
  { seed, warmupMs, durationMs }: { seed: number; warmupMs: number; durationMs: number },
): LoadSpec {
  const { mode, sessionsPerMember, spec } = load;
  return {
    ...{ targets, sessionsPerTarget: sessionsPerMember, workload: { ...spec, seed }, mode },
    ...{ warmupMs, durationMs },
  };
}
