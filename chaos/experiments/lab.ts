/** Starts and ends everything of a run: Toxiproxy, the load driver, and a stage for each topology. */
import { join } from 'node:path';
import { isDefect } from '../../bench/defect.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../bench/hosts/temporary-folder.ts';
import { type WorstDriver, worstOf } from '../../bench/load/driver/worst-driver.ts';
import { LoadDriver } from '../../bench/load/load-process.ts';
import type { KeyPath } from '../../bench/origin.ts';
import { implementationName } from '../../bench/topology/implementation.ts';
import { type PlanOptions, settingsProblem } from '../../bench/topology/plan.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import {
  checkedSettings,
  hasLimitedLinks,
  mastersWord,
  type Topology,
  topologyOf,
} from '../../bench/topology/topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import type { EventSink } from '../../results/events.ts';
import type { Death } from '../../results/schema.ts';
import { ToxiproxyClient } from '../toxiproxy/client.ts';
import { findToxiproxy } from '../toxiproxy/find.ts';
import type { Toxiproxy } from '../toxiproxy/toxiproxy.ts';
import { whyLost } from '../toxiproxy/watch.ts';
import { Stage } from './stage.ts';
import type { Suite } from './suite.ts';

export const SERVERS = ['zklab', 'apache'] as const;
export type ServerKind = (typeof SERVERS)[number];

/** Members with links of their own reach no proxy. */
export function canProxyObservers(topology: Topology): boolean {
  return topology.members.some(({ role }) => role === 'observer') && !hasLimitedLinks(topology);
}

export interface LabOptions {
  readonly suite: Suite;
  readonly server: ServerKind;
  readonly seed: number;
  readonly events: EventSink;
  readonly signal: AbortSignal;
  readonly hostOf?: PlanOptions['hostOf'];
}

export class Lab {
  readonly #options: LabOptions;
  readonly folder: TemporaryFolder;
  readonly driver = new LoadDriver();
  readonly readDriver = new LoadDriver();
  readonly toxiproxy: Toxiproxy;
  /** In the order of the suite. */
  readonly #stages: Stage[] = [];
  #direct: Stage | undefined;
  /** What is missing of the suite because a topology did not start, one sentence each. */
  readonly #notStarted: string[] = [];
  /** What experiments started themselves. */
  readonly #opened: Stage[] = [];

  private constructor(options: LabOptions, folder: TemporaryFolder, toxiproxy: Toxiproxy) {
    this.#options = options;
    this.folder = folder;
    this.toxiproxy = toxiproxy;
  }

  /** Starts everything but ensembles. If something fails, it ends what was started. */
  static async start(options: LabOptions): Promise<Lab> {
    const folder = makeTemporaryFolder('claims');
    try {
      return new Lab(options, folder, await findToxiproxy({ seed: options.seed }));
    } catch (error) {
      folder.remove();
      throw error;
    }
  }

  /** The topologies of the suite, with a proxy on every link; none before `startSuite`. */
  get stages(): readonly Stage[] {
    return this.#stages;
  }

  /** The first topology again, without proxies; present only when the suite measures the proxy tax. */
  get direct(): Stage | undefined {
    return this.#direct;
  }

  get notStarted(): readonly string[] {
    return this.#notStarted;
  }

  get everyStage(): Stage[] {
    return [...this.#stages, ...(this.#direct === undefined ? [] : [this.#direct]), ...this.#opened];
  }

  /**
   * Starts all topologies of the suite and waits until they serve. One that does not start is missed alone.
   * @throws EnsembleError when none starts
   */
  async startSuite(): Promise<void> {
    const { suite, server } = this.#options;
    const topologies = topologiesOf(suite, server);
    let failure: Error | undefined;
    for (const topology of topologies) {
      const stage = await this.#start(topology, topology.name, this.toxiproxy).catch((error: Error) => {
        failure ??= error;
        return this.#miss(topology.name, error);
      });
      if (stage !== undefined) this.#stages.push(stage);
    }
    if (this.#stages.length === 0) throw failure;
    const [first] = topologies;
    if (suite.proxyTax) {
      const label = `${first!.name}-direct`;
      const missed = (error: Error) => this.#miss(label, error);
      this.#direct = await this.#start(first!, label, undefined).catch(missed);
    }
    const text = `${this.#stages.length} topologies up, ${proxyText(this.toxiproxy)}`;
    this.#options.events.emit({ kind: 'note', text });
  }

  /** An ensemble that did not start is missed alone. @throws the error when the run has no use in going on */
  #miss(label: string, error: Error): undefined {
    if (this.#options.signal.aborted || isDefect(error)) throw error;
    this.#notStarted.push(`all of ${label}: it did not start: ${error.message.split('\n')[0]}`);
    this.#options.events.emit({ kind: 'note', text: `${label} did not start: ${error.message}` });
    return undefined;
  }

  /** Topologies that an experiment starts itself, with the settings and the server of this run. */
  ownTopologies(
    texts: Readonly<Record<string, string>>,
    serverOf?: (name: string) => ServerKind,
  ): Topology[] {
    const { suite, server } = this.#options;
    return topologiesOf(suite, serverOf ?? server, texts);
  }

  /**
   * Starts one more ensemble. Its voters have direct links. Its logs stay until the lab stops.
   * @param observersAreProxied gives the observers' links proxies, if servers of this run can have any
   * @throws EnsembleError
   */
  async open(topology: Topology, label: string, observersAreProxied = false): Promise<Stage> {
    const toxiproxy = observersAreProxied && canProxyObservers(topology) ? this.toxiproxy : undefined;
    const stage = await this.#start(topology, label, toxiproxy, 'observers');
    this.#opened.push(stage);
    return stage;
  }

  async #start(
    topology: Topology,
    label: string,
    toxiproxy: Toxiproxy | undefined,
    proxied?: 'all' | 'observers',
  ): Promise<Stage> {
    const { seed, events, signal, hostOf } = this.#options;
    signal.throwIfAborted();
    events.emit({ kind: 'phase', what: `starting ${label}: ${topology.shortForm}` });
    const at = { folder: join(this.folder.path, label), temporaryFolder: this.folder.path, label };
    return Stage.start({
      topology,
      ...at,
      hostOf,
      toxiproxy,
      ...(proxied && { proxied }),
      seed,
      events,
      signal,
    });
  }

  /** Why no link works any more; undefined while Toxiproxy serves the proxies of this lab. */
  async proxiesLost(): Promise<string | undefined> {
    const lost = await whyLost(this.toxiproxy);
    if (lost !== undefined) return lost;
    // Only one that the lab did not start can be started again behind its back.
    const { kind, url, proxyPrefix } = this.toxiproxy;
    if (kind !== 'external') return undefined;
    const there = new Set((await new ToxiproxyClient(url, proxyPrefix).proxies()).map(({ name }) => name));
    // A stage that was stopped has none.
    const missing = this.everyStage.flatMap(({ proxies }) => proxies).filter(name => !there.has(name));
    return missing.length === 0
      ? undefined
      : `Toxiproxy at ${url} lacks ${missing.length} proxies of this lab; was it restarted?`;
  }

  /** Processes of members that ended although the lab did not end them. */
  deaths(): Death[] {
    return this.everyStage.flatMap(stage => stage.deaths());
  }

  /** The worst of both drivers in any load. */
  worstDriver(): WorstDriver | null {
    return worstOf([this.driver.worst, this.readDriver.worst]);
  }

  /** Ends running loads at once; their results are void. */
  abortLoads(): void {
    this.driver.abort();
    this.readDriver.abort();
  }

  /** Ends every process and removes the folder. It tries all of this before it throws. */
  async stop(): Promise<void> {
    const results = await Promise.allSettled([
      this.driver.close(),
      this.readDriver.close(),
      ...this.everyStage.map(stage => stage.stop()),
    ]);
    results.push(...(await Promise.allSettled([this.toxiproxy.stop()])));
    this.folder.remove();
    const errors = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []));
    if (errors.length > 0) throw new AggregateError(errors, 'not everything ended cleanly');
  }
}

/**
 * @param server of all of them, or by name
 * @param key of `texts` in the suite, for errors
 * @throws UsageError
 */
export function topologiesOf(
  suite: Suite,
  server: ServerKind | ((name: string) => ServerKind),
  texts: Readonly<Record<string, string>> = suite.topologies,
  key: KeyPath = ['topologies'],
): Topology[] {
  checkedSettings(suite.settings, suite.origin);
  const serverOf = typeof server === 'function' ? server : () => server;
  return Object.entries(texts).map(([name, text]) => {
    const origin = suite.origin.at(...key, name);
    const read = readTopology(text, origin, suite.folder);
    const { members } = read;
    const other = members.find(({ implementation }) => implementation !== 'zklab');
    if (other !== undefined)
      throw new UsageError(
        `${origin}: ${text}: ${other.name} has the implementation ${implementationName(other.implementation)}; leave it out, because --server chooses the server`,
      );
    if (texts === suite.topologies && hasLimitedLinks({ members }))
      throw new UsageError(
        `${origin}: ${text}: members with a bandwidth or a delay have networks of their own, without proxies; ` +
          'accepted are limits of links in topologies of roles, crowds and storms, whose links are direct',
      );
    const topology = topologyOf(
      {
        name,
        masters: mastersWord(read),
        members: members.map(member => ({ ...member, implementation: serverOf(name) })),
        settings: suite.settings,
      },
      origin,
    );
    const problem = settingsProblem(topology);
    if (problem !== undefined) throw new UsageError(`${origin}: ${problem}`);
    return topology;
  });
}

function proxyText(toxiproxy: Toxiproxy): string {
  const name = toxiproxy.kind === 'stand-in' ? 'the built-in stand-in for Toxiproxy' : 'Toxiproxy';
  return `every link through ${name} ${toxiproxy.version}`;
}
