/**
 * The second opinion: the unchanged server in virtual time, which takes the CPU that the cost model charges,
 * on links with a bandwidth, under writes at a steady rate.
 */
import type { Costs } from '../../../bench/prediction/cost-model.ts';
import type { Question } from '../../../bench/prediction/forecast.ts';
import { MEMBER_ROLES, type MemberRole } from '../../../bench/prediction/work.ts';
import { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import { counterOf } from '../../../server/wire/zxid.ts';
import { operationsOf } from '../../checkers/history.ts';
import { HistoryRecorder } from '../../workloads/clients/history-recorder.ts';
import { RecordingClient } from '../../workloads/clients/recording-client.ts';
import { ensembleOf, type MemberSpec } from '../members/member.ts';
import { CLIENT_PORT, OBSERVER_MASTER_PORT } from '../members/server-config.ts';
import { serverProgram } from '../members/server-program.ts';
import { World } from '../world.ts';
import { Charge } from './charge.ts';
import { WorkMeter } from './work-meter.ts';

export interface ChargedOptions extends Question {
  readonly costs: Costs;
  readonly seed?: number;
  /** Virtual time that is measured. @default 1,000 */
  readonly windowMs?: number;
}

export interface ChargedRole {
  readonly role: MemberRole;
  readonly members: number;
  /** CPU of the mean member, in cores, and of the busiest. */
  readonly cores: number;
  readonly coresMax: number;
}

export interface ChargedResult {
  readonly committedPerSecond: number;
  readonly roles: readonly ChargedRole[];
  /** Of the writes that began in the window; undefined when too few were answered. */
  readonly latencyP50Ms: number | undefined;
  readonly latencyP99Ms: number | undefined;
  readonly writes: number;
}

const FORM_MAX_MS = 120_000;
const WARMUP_MS = 300;
const DRAIN_MS = 500;
const WINDOW_MS = 1_000;
const KEYS = 100;
const POLL_MS = 20;
const SESSION_TIMEOUT_MS = 20_000;
/** Clients are beside their members: the way between them belongs to no prediction. */
const BESIDE = { latencyMs: 0 };
/** For a percentile, and for a median. */
const P99_SAMPLES_MIN = 1_000;
const P50_SAMPLES_MIN = 20;

/** As the lab's ensembles are set, and no snapshot while it is measured. */
const SETTINGS = { tickTime: '500', initLimit: '60', syncLimit: '20', snapCount: '100000000' };

/** @throws Error when the ensemble does not form, or a member's code throws */
export function chargedRun(options: ChargedOptions): ChargedResult {
  return new ChargedRun(options).run();
}

class ChargedRun {
  readonly #options: ChargedOptions;
  readonly #random: SeededRandom;
  readonly #charges = new Map<number, Charge>();
  readonly #world: World;
  readonly #recorder: HistoryRecorder;
  readonly #clients: RecordingClient[] = [];

  constructor(options: ChargedOptions) {
    this.#options = options;
    const { shape, machines, costs, seed = 1 } = options;
    this.#random = new SeededRandom(seed);
    const settings = {
      ...SETTINGS,
      observerMasterPort: String(shape.masters ? OBSERVER_MASTER_PORT : 0),
    };
    this.#world = new World({
      random: this.#random,
      members: ensembleOf(shape),
      program: serverProgram(settings, (server, { spec, runtime }) => {
        const meter = new WorkMeter(server, runtime.clock);
        const cores = Math.min(1, machines.coresPerMember);
        this.#charges.set(spec.sid, new Charge(costs, cores, () => meter.total()));
      }),
      link: { latencyMs: machines.rttMs / 2 },
      uplinkBytesPerMs: machines.nicBytesPerSecond / 1000,
      chargeMs: ({ sid }) => this.#charges.get(sid)?.turnMs() ?? 0,
    });
    const { time } = this.#world;
    this.#recorder = new HistoryRecorder({ time, note: () => {} });
  }

  run(): ChargedResult {
    this.#form();
    this.#connect();
    this.#create();
    const { load, windowMs = WINDOW_MS } = this.#options;
    const { time } = this.#world;
    this.#pace(time.nowMs + WARMUP_MS + windowMs, load.ratePerSecond);
    time.advance(WARMUP_MS);
    const from = { atMs: time.nowMs, used: this.#used(), committed: this.#committed() };
    time.advance(windowMs);
    const toMs = time.nowMs;
    const roles = this.#roles(from.used, windowMs);
    const committed = this.#committed() - from.committed;
    time.advance(DRAIN_MS);
    this.#throwFailures();
    const took = this.#latencies(from.atMs, toMs);
    const at = (share: number, samplesMin: number) =>
      took.length < samplesMin ? undefined : took[Math.floor(share * took.length)];
    return {
      committedPerSecond: (committed * 1000) / windowMs,
      roles,
      latencyP50Ms: at(0.5, P50_SAMPLES_MIN),
      latencyP99Ms: at(0.99, P99_SAMPLES_MIN),
      writes: took.length,
    };
  }

  #form(): void {
    const world = this.#world;
    world.startAll();
    const { fsyncMs } = this.#options.machines;
    for (const sid of world.sids) world.setSyncDelay(sid, fsyncMs);
    this.#until(() => world.sids.every(sid => world.state(sid)?.serving === true), 'serve');
  }

  #connect(): void {
    const targets = this.#world.specs.filter(spec => this.#hasClients(spec));
    const { sessions } = this.#options.load;
    for (const { name } of targets) {
      for (let session = 0; session < sessions; session++) {
        const process = this.#clients.length;
        const { clock, network } = this.#world.visitor(`client${process}`);
        this.#world.network.setLink(`client${process}`, name, BESIDE);
        this.#world.network.setLink(name, `client${process}`, BESIDE);
        const client = new RecordingClient({
          process,
          clock,
          network,
          servers: [{ host: name, port: CLIENT_PORT }],
          recorder: this.#recorder,
          sessionTimeoutMs: SESSION_TIMEOUT_MS,
          note: () => {},
          onViolation: what => this.#world.failures.push(what),
        });
        this.#clients.push(client);
      }
    }
    this.#until(() => this.#clients.every(({ ready }) => ready), 'connect their clients');
  }

  #hasClients({ sid, role }: MemberSpec): boolean {
    const { clients } = this.#options.load;
    if (clients === 'leader') return this.#world.state(sid)?.mode === 'leader';
    return clients === 'all' || (role === 'participant') === (clients === 'voters');
  }

  #create(): void {
    const [client] = this.#clients;
    for (let key = 0; key < KEYS; key++) client!.send({ f: 'create', path: pathOf(key), value: '' });
    this.#until(() => client!.pending === 0, 'create the keys');
    const { history } = this.#recorder;
    history.length = 0;
    this.#recorder.sessionRecords.length = 0;
  }

  /** Independent arrivals, in turn over the sessions. */
  #pace(untilMs: number, ratePerSecond: number): void {
    const { time } = this.#world;
    const random = this.#random.fork('load');
    const value = 'x'.repeat(this.#options.load.valueBytes);
    let turn = 0;
    const send = () => {
      const client = this.#clients[turn++ % this.#clients.length]!;
      if (client.ready) client.send({ f: 'setData', path: pathOf(random.below(KEYS)), value });
      const nextMs = time.nowMs - (Math.log(1 - random.float()) * 1000) / ratePerSecond;
      if (nextMs < untilMs) time.schedule(nextMs, null, send);
    };
    send();
  }

  #used(): Map<number, number> {
    return new Map([...this.#charges].map(([sid, { usedMs }]) => [sid, usedMs]));
  }

  #committed(): number {
    return Math.max(...this.#world.sids.map(sid => counterOf(this.#world.state(sid)?.zxid ?? 0)));
  }

  #roles(before: ReadonlyMap<number, number>, windowMs: number): ChargedRole[] {
    const used = this.#used();
    return MEMBER_ROLES.flatMap(role => {
      const of = this.#world.sids
        .filter(sid => this.#world.state(sid)?.mode === role)
        .map(sid => (used.get(sid)! - before.get(sid)!) / windowMs);
      if (of.length === 0) return [];
      const cores = of.reduce((sum, each) => sum + each, 0) / of.length;
      return [{ role, members: of.length, cores, coresMax: Math.max(...of) }];
    });
  }

  /** Sorted, of the writes that began in the window and succeeded. */
  #latencies(fromMs: number, toMs: number): number[] {
    return operationsOf(this.#recorder.history)
      .flatMap(({ invoke, completion }) =>
        invoke.f === 'setData' && invoke.timeMs >= fromMs && invoke.timeMs < toMs && completion?.type === 'ok'
          ? [completion.timeMs - invoke.timeMs]
          : [],
      )
      .sort((a, b) => a - b);
  }

  #until(condition: () => boolean, what: string): void {
    const { time } = this.#world;
    const deadlineMs = time.nowMs + FORM_MAX_MS;
    while (!condition()) {
      this.#throwFailures();
      if (time.nowMs >= deadlineMs)
        throw new Error(`the simulated members did not ${what} within ${FORM_MAX_MS} virtual ms`);
      time.advance(POLL_MS);
    }
  }

  #throwFailures(): void {
    const [failure] = this.#world.failures;
    if (failure !== undefined) throw new Error(`in the simulation, ${failure}`);
  }
}

function pathOf(key: number): string {
  return `/key${key}`;
}
