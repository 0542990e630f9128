import type { Disk } from '../../server/runtime/runtime.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { VirtualClock } from '../../server/runtime/virtual/virtual-clock.ts';
import type { HistoryEvent } from '../checkers/history.ts';
import { check } from '../checkers/index.ts';
import { type Judgement, worst } from '../checkers/judgement.ts';
import type { FinalNode, Part, RunRecord } from '../checkers/run-record.ts';
import type { Transaction } from '../checkers/transaction.ts';
import { HistoryRecorder } from '../workloads/clients/history-recorder.ts';
import { RecordingClient } from '../workloads/clients/recording-client.ts';
import { mixed } from '../workloads/mixed.ts';
import {
  lastReadsOf,
  type RunningWorkload,
  type Workload,
  type WorkloadWorld,
} from '../workloads/workload.ts';
import type { PlannedFault } from './faults/index.ts';
import { judgeConfigs } from './invariants/config-answers.ts';
import { divergence, haveConverged, memberTrees, servingVoters } from './invariants/convergence.ts';
import { withoutLocalEnds } from './local-ends.ts';
import { ensembleOf, type MemberProgram, type MemberSpec } from './members/member.ts';
import { Nemesis } from './nemesis.ts';
import { doneSince, treeOf } from './operations-seen.ts';
import { Operator } from './operator.ts';
import { isQuorum } from './own-quorum.ts';
import { hasReadOnlyServers, readerAt, readOnlyLimits, readOnlyObservers } from './readers.ts';
import { Sampler } from './sampler.ts';
import { planBirth, planFaults } from './schedule.ts';
import { drawShape, PLAIN_SHAPE, rulesOfShape, type Shape, shapeSettings } from './shape.ts';
import { drawSwarm, fitted, focused, forToys, type Swarm } from './swarm.ts';
import type { Trace } from './trace.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  program: MemberProgram;
  /** `drawn`: each seed draws its own. @default PLAIN_SHAPE */
  shape?: Shape | 'drawn';
  /**
   * Runs with its own defaults in place of `mixed` with what the swarm draws; its checkers must have
   * something to check.
   */
  workload?: Workload;
  /** Overrides the faults that the seed would plan. */
  faults?: readonly PlannedFault[];
  /** Overrides parts of the swarm that the seed draws. */
  swarm?: Partial<Swarm>;
  /**
   * Whether a violation of what Zab rests on counts (`quorum-watch.ts`). Without it, a mistake is found by
   * what it does to clients and trees. @default true
   */
  watchQuorums?: boolean;
  /** Plants a fault in the disks of members. */
  wrapDisk?: (disk: Disk, clock: VirtualClock, spec: MemberSpec) => Disk;
  debug?: boolean;
}

export interface SimulationResult {
  readonly seed: number;
  readonly shape: Shape;
  /** `unknown`: nothing was wrong, but too little happened to call the run passed. */
  readonly verdict: 'passed' | 'failed' | 'unknown';
  /** The first is the one to read. */
  readonly reasons: readonly string[];
  readonly judgements: readonly Judgement[];
  readonly faults: readonly PlannedFault[];
  readonly faultsInjected: number;
  readonly acknowledgedWrites: number;
  readonly virtualMs: number;
  readonly events: number;
  /** Which situations the members reached, see `marks.ts`. */
  readonly marks: ReadonlyMap<string, number>;
  readonly trace: Trace;
}

const FORM_DEADLINE_MS = 60_000;
/** Limit from the heal until a write has committed and all members agree. */
const CONVERGE_DEADLINE_MS = 60_000;
const POLL_MS = 20;
const SESSION_TIMEOUT_MS = 4000;
/** Clocks drift by some percent, sessions expire at ticks, and pings take time. */
const EXPIRY_SLACK_MS = 2000;
const FINAL_PATH = '/final';
/** Number of the operator among the clients that are not of the load. */
const OPERATOR = 3;

type MixedLoad = Parameters<typeof mixed.start>[1];

/**
 * One run of a whole ensemble from a seed: form, chaos under load, heal and converge, judge. Two runs with
 * one seed and one program leave the same trace, byte for byte.
 */
export function simulate(seed: number, options: SimulationOptions): SimulationResult {
  return new Simulation(seed, options).run();
}

class Simulation {
  readonly #seed: number;
  readonly #options: SimulationOptions;
  readonly #shape: Shape;
  readonly #random: SeededRandom;
  readonly #swarm: Swarm;
  readonly #world: World;
  readonly #recorder: HistoryRecorder;
  readonly #nemesis: Nemesis;
  readonly #sampler: Sampler;
  readonly #faults: readonly PlannedFault[];
  readonly #workload: Workload;
  /** Options of the workload. */
  readonly #load: object;
  readonly #violations: string[] = [];
  readonly #judgements: Judgement[] = [];
  /** Once they are known. */
  #agreed: readonly Transaction[] = [];
  #clients: RecordingClient[] = [];
  #running: RunningWorkload | undefined;

  constructor(seed: number, options: SimulationOptions) {
    this.#seed = seed;
    this.#options = options;
    this.#random = new SeededRandom(seed);
    const { shape = PLAIN_SHAPE } = options;
    this.#shape = shape === 'drawn' ? drawShape(this.#random.fork('shape')) : shape;
    const drawn = drawSwarm(this.#random.fork('swarm'));
    const swarm = fitted(drawn, this.#shape, this.#random.fork('fitted'));
    this.#swarm = {
      ...(options.program.complete === true ? focused(swarm, this.#random) : forToys(swarm)),
      ...options.swarm,
    };
    const members = ensembleOf(this.#shape);
    this.#world = new World({
      random: this.#random,
      members,
      readOnlyObservers: readOnlyObservers(this.#swarm.settings, members),
      program: options.program,
      link: this.#swarm.link,
      syncDelayMsMax: this.#swarm.syncDelayMsMax,
      turnMsMax: this.#swarm.turnMsMax,
      ...(this.#swarm.turnUnits === undefined ? {} : { turnUnits: this.#swarm.turnUnits }),
      driftMax: this.#swarm.driftMax,
      settings: { ...this.#swarm.settings, ...shapeSettings(this.#shape) },
      shape: this.#shape,
      watchQuorums: options.watchQuorums ?? true,
      ...(options.debug === undefined ? {} : { debug: options.debug }),
      ...(options.wrapDisk === undefined ? {} : { wrapDisk: options.wrapDisk }),
    });
    this.#recorder = new HistoryRecorder(this.#world);
    this.#nemesis = new Nemesis(this.#world);
    this.#sampler = new Sampler(this.#world);
    this.#faults = options.faults ?? planFaults(this.#random.fork('faults'), this.#swarm, this.#world.sids);
    const { keys: registers, clients, pipelineDepth, thinkMs, readShare, wildShare, settings } = this.#swarm;
    const readers = hasReadOnlyServers(settings, members) ? this.#swarm.readers : 0;
    // The first ephemeral makes a local session global, also as a part of a multi.
    const ephemeralParts = settings.localSessionsEnabled === 'true' ? 0.2 : 0;
    const load = {
      clients,
      readers,
      registers,
      pipelineDepth,
      thinkMs,
      readShare,
      wildShare,
      ephemeralParts,
    };
    this.#workload = options.workload ?? mixed;
    const drawnLoad: MixedLoad = { ...load, prefix: '/key' };
    this.#load = options.workload === undefined ? drawnLoad : (options.workload.schema.parse({}) as object);
  }

  run(): SimulationResult {
    const complaint = this.#form() ?? this.#chaos() ?? this.#converge() ?? this.#leave() ?? this.#judge();
    this.#check({ samples: this.#sampler.samples }, 'samples');
    const broken = this.#broken();
    return this.#result([broken, complaint].filter(text => text !== undefined));
  }

  /** Each phase returns what went wrong, if anything. */
  #form(): string | undefined {
    const world = this.#world;
    world.note('world', `seed ${this.#seed}: ${JSON.stringify({ ...this.#shape, ...this.#swarm })}`);
    if (this.#shape.groups !== undefined) world.marks.reach('quorum: groups');
    if (this.#shape.networks === 2) world.marks.reach('addresses: two for each member');
    if (this.#shape.oracle === true) world.marks.reach('quorum: two voters with an oracle');
    world.startAll();
    const { birthMs } = this.#swarm;
    if (birthMs > 0) {
      const birth = new Nemesis(world);
      birth.schedule(planBirth(this.#random.fork('birth'), birthMs, world.sids));
      world.time.advance(birthMs);
      birth.stop();
      world.healAll();
    }
    const rules = rulesOfShape(this.#shape);
    if (!this.#wait(() => isQuorum(rules, servingVoters(world)), FORM_DEADLINE_MS)) {
      return `no quorum served within ${FORM_DEADLINE_MS} ms, before any fault`;
    }
    const client = this.#client(0);
    const registers = this.#registers();
    const others = this.#workload.setup(this.#load).filter(path => !registers.includes(path));
    for (const path of [...registers, FINAL_PATH, ...others]) {
      if (!this.#insist(client, { f: 'create', path, value: `first of ${path}` })) {
        return `${path} could not be created before any fault`;
      }
    }
    return undefined;
  }

  #chaos(): string | undefined {
    const running = this.#workload.start(this.#workloadWorld(), this.#load);
    this.#running = running;
    const operator = this.#shape.spares === undefined ? undefined : this.#newOperator();
    this.#nemesis.schedule(this.#faults);
    const { time } = this.#world;
    // What is broken already fails the run, whatever would follow.
    time.runUntil(() => this.#broken() !== undefined, time.nowMs + this.#swarm.chaosMs);
    running.stop();
    operator?.stop();
    this.#nemesis.stop();
    return this.#broken();
  }

  #newOperator(): Operator {
    const world = this.#world;
    world.marks.reach('config: ensembles that are reconfigured');
    const client = this.#client(this.#clientCount + OPERATOR);
    return new Operator(world, client, world.visitor('operator').clock, this.#random.fork('operator'));
  }

  #converge(): string | undefined {
    const world = this.#world;
    world.healAll();
    const client = this.#client(this.#clientCount + 1);
    if (!this.#insist(client, { f: 'setData', path: FINAL_PATH, value: 'healed' })) {
      return this.#broken() ?? `no write committed within ${CONVERGE_DEADLINE_MS} ms of the heal`;
    }
    const settled = () => {
      world.readmit();
      return this.#clients.every(c => c.pending === 0) && haveConverged(world);
    };
    const isSettled = this.#wait(settled, CONVERGE_DEADLINE_MS);
    judgeConfigs(world, this.#recorder.history);
    if (isSettled) this.#check({ memberTrees: memberTrees(world) }, 'memberTrees');
    else this.#judgements.push(divergence(world, CONVERGE_DEADLINE_MS));
    const wrong = this.#judgements.find(({ valid }) => valid === 'invalid');
    return this.#broken() ?? (wrong && `${wrong.checker}: ${wrong.reasons[0]}`);
  }

  /**
   * The clients of the chaos phase end, half of them without closing their sessions. After the session
   * timeout, everything that any client was told is compared with the transactions that were agreed on.
   */
  #leave(): string | undefined {
    if (this.#options.program.complete !== true) return undefined;
    const alive = new Set<RecordingClient>();
    for (const client of this.#clients) {
      const { process } = client;
      if (process === 0 || process > this.#clientCount) alive.add(client);
      else if (process % 2 === 0 && client.ready) client.leave();
      else client.vanish(true);
    }
    this.#world.time.advance(SESSION_TIMEOUT_MS + EXPIRY_SLACK_MS);
    for (const client of this.#clients) if (!alive.has(client)) client.vanish(true);
    if (!this.#wait(() => haveConverged(this.#world), CONVERGE_DEADLINE_MS))
      return divergence(this.#world, CONVERGE_DEADLINE_MS).reasons[0];
    const { journal } = this.#world;
    const { sid = 1 } = this.#world.present[0] ?? {};
    const transactions = journal.agreedUpTo(this.#world.state(sid)?.zxid ?? 0);
    if (journal.conflicts.length > 0) return journal.conflicts[0];
    if (transactions === undefined)
      return 'the transactions that were agreed on were not all seen being logged';
    this.#agreed = transactions;
    const history = withoutLocalEnds(this.#operations(), transactions);
    this.#check({ ...this.#sessionParts(alive, transactions), history, transactions }, 'transactions');
    return this.#broken() ?? this.#leftOver(alive.size);
  }

  #sessionParts(
    alive: ReadonlySet<RecordingClient>,
    transactions: readonly Transaction[],
  ): Partial<RunRecord> {
    const { sessionRecords, openedSessions: opened, readerConnections } = this.#recorder;
    const { settings, driftMax } = this.#swarm;
    const { specs, readOnly, marks } = this.#world;
    const sessionLimits = {
      timeoutMs: SESSION_TIMEOUT_MS,
      slackMs: EXPIRY_SLACK_MS,
      alive: new Set([...alive].map(client => client.session)),
    };
    if (settings.localSessionsEnabled !== 'true') return { sessionRecords, sessionLimits };
    const begun = transactions.filter(({ change }) => change.f === 'createSession').length;
    marks.reach('session: local', opened.length);
    marks.reach('session: made global', begun);
    const limits = readOnlyLimits(settings, { driftMax, sessionTimeoutMs: SESSION_TIMEOUT_MS });
    const areUpgraded = settings.localSessionsUpgradingEnabled === 'true';
    const sids = new Map(specs.map(({ name, sid }) => [name, sid]));
    return {
      ...{ sessionRecords, sessionLimits },
      readOnly: readOnly.record(readerConnections, { limits, areUpgraded }),
      localSessions: { opened, sids, areUpgraded },
    };
  }

  /** Members let local sessions expire by themselves; one that stood still gives them that time again. */
  #leftOver(alive: number): string | undefined {
    const { sids } = this.#world;
    const kept = () => sids.reduce((sum, sid) => sum + (this.#world.state(sid)?.localSessions ?? 0), 0);
    if (this.#wait(() => kept() <= alive, CONVERGE_DEADLINE_MS)) return undefined;
    return this.#broken() ?? `${kept()} local sessions are kept, and ${alive} clients are left`;
  }

  #judge(): string | undefined {
    const finalTree = this.#readFinalTree();
    if (finalTree === undefined) return 'the final tree could not be read';
    const history = withoutLocalEnds(this.#operations(), this.#agreed);
    const sessionTimeouts = { timeoutMs: SESSION_TIMEOUT_MS, slackMs: EXPIRY_SLACK_MS };
    this.#check({ history, finalTrees: [finalTree], sessionTimeouts }, 'history');
    return this.#broken();
  }

  /** Without reconfigurations, which `ConfigWatch` judges. */
  #operations(): readonly HistoryEvent[] {
    const { history } = this.#recorder;
    return this.#shape.spares === undefined ? history : history.filter(({ f }) => f !== 'reconfig');
  }

  /** Failures of the members' code and of the protocol count at once, before any judgement. */
  #broken(): string | undefined {
    return this.#world.failures[0] ?? this.#violations[0];
  }

  #result(complaints: readonly string[]): SimulationResult {
    const bad = this.#judgements.filter(judgement => judgement.valid === 'invalid');
    const judged = bad.flatMap(({ checker, reasons: why }) => why.map(reason => `${checker}: ${reason}`));
    const reasons = [...new Set([...complaints, ...judged])];
    const verdict =
      reasons.length > 0 ? 'failed' : worst(this.#judgements) === 'valid' ? 'passed' : 'unknown';
    for (const reason of reasons) this.#world.note('judge', reason);
    const { time, trace } = this.#world;
    this.#world.note('world', `${verdict} after ${time.eventsExecuted} events`);
    return {
      seed: this.#seed,
      shape: this.#shape,
      verdict,
      reasons,
      judgements: this.#judgements,
      faults: this.#faults,
      faultsInjected: this.#nemesis.injected,
      acknowledgedWrites: this.#recorder.acknowledgedWrites,
      virtualMs: time.nowMs,
      events: time.eventsExecuted,
      marks: this.#world.marks.counts,
      trace,
    };
  }

  #check(record: Partial<RunRecord>, about: Part): void {
    this.#judgements.push(...check(record, about));
  }

  #registers(): readonly string[] {
    return this.#workload.registers(this.#load);
  }

  /** Clients of the workload, which are numbered from 1. */
  get #clientCount(): number {
    return this.#running?.clients.length ?? this.#swarm.clients;
  }

  #workloadWorld(): WorkloadWorld {
    return {
      recorder: this.#recorder,
      random: this.#random,
      client: (process, isReader) => this.#client(process, isReader),
      clock: name => this.#world.visitor(name).clock,
    };
  }

  #client(process: number, isReader = false): RecordingClient {
    const { specs } = this.#world;
    const { clock, network } = this.#world.visitor(`client${process}`);
    const port = this.#options.program.clientPort;
    const everywhere = { servers: specs.map(({ name }) => name) };
    const { servers, ...reader } = isReader ? readerAt(process, this.#swarm.settings, specs) : everywhere;
    const client = new RecordingClient({
      process,
      clock,
      network,
      servers: servers.map(host => ({ host, port })),
      ...reader,
      recorder: this.#recorder,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      note: what => this.#world.note(`client${process}`, what),
      onViolation: what => this.#violations.push(`client${process}: ${what}`),
    });
    this.#clients.push(client);
    return client;
  }

  /** Repeats the request until it is acknowledged; returns false at the deadline. */
  #insist(
    client: RecordingClient,
    request: { f: 'create' | 'setData' | 'sync'; path: string; value?: string },
  ): boolean {
    const isDone = doneSince(this.#recorder.history, request.f, request.path);
    const deadlineMs = this.#world.time.nowMs + CONVERGE_DEADLINE_MS;
    for (let attempt = 0; this.#world.time.nowMs < deadlineMs; attempt++) {
      const value = request.value === undefined ? {} : { value: `${request.value} ${attempt}` };
      if (client.ready && client.pending === 0) client.send({ ...request, ...value });
      if (this.#wait(isDone, POLL_MS * 10)) return true;
      this.#world.readmit();
      if (this.#broken() !== undefined) return false;
    }
    return false;
  }

  #readFinalTree(): Map<string, FinalNode | undefined> | undefined {
    const { history } = this.#recorder;
    const registers = this.#registers();
    const from = history.length;
    const client = this.#client(this.#clientCount + 2);
    if (!this.#insist(client, { f: 'sync', path: '/' })) return undefined;
    for (const path of [...registers, FINAL_PATH]) client.send({ f: 'getData', path });
    if (!this.#wait(() => client.pending === 0, CONVERGE_DEADLINE_MS)) return undefined;
    const tree = treeOf(history.slice(from));
    if (tree.size !== registers.length + 1) return undefined;
    for (const request of this.#running === undefined ? [] : lastReadsOf(this.#running)) client.send(request);
    return this.#wait(() => client.pending === 0, CONVERGE_DEADLINE_MS) ? tree : undefined;
  }

  #wait(condition: () => boolean, withinMs: number): boolean {
    const { time } = this.#world;
    const deadlineMs = time.nowMs + withinMs;
    while (!condition()) {
      if (time.nowMs >= deadlineMs || this.#broken() !== undefined) return false;
      time.advance(POLL_MS);
    }
    return true;
  }
}
