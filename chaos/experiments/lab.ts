/** Starts and ends everything of a run: Toxiproxy, the load driver, and a stage for each topology. */
import { join } from 'node:path';
import { makeTemporaryFolder, type TemporaryFolder } from '../../bench/hosts/temporary-folder.ts';
import { LoadDriver } from '../../bench/load/load-process.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import { implementationName, type Topology, topologyOf } from '../../bench/topology/topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import type { EventSink } from '../../results/events.ts';
import { findToxiproxy } from '../toxiproxy/find.ts';
import type { Toxiproxy } from '../toxiproxy/toxiproxy.ts';
import { Stage } from './stage.ts';
import type { Suite } from './suite.ts';

export const SERVERS = ['zklab', 'apache'] as const;
export type ServerKind = (typeof SERVERS)[number];

export interface LabOptions {
  readonly suite: Suite;
  readonly server: ServerKind;
  readonly seed: number;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

export class Lab {
  readonly folder: TemporaryFolder;
  readonly driver = new LoadDriver();
  readonly readDriver = new LoadDriver();
  readonly stages: readonly Stage[];
  /** The first topology again, without proxies; present only when the suite measures the proxy tax. */
  readonly direct: Stage | undefined;
  /** Undefined when the servers cannot dial through proxies (Apache ZooKeeper reads no link map). */
  readonly toxiproxy: Toxiproxy | undefined;

  private constructor(folder: TemporaryFolder, started: readonly Stage[], toxiproxy: Toxiproxy | undefined) {
    this.folder = folder;
    this.toxiproxy = toxiproxy;
    this.stages = started.filter(stage => toxiproxy === undefined || stage.hasLinks);
    this.direct = started.find(stage => !this.stages.includes(stage));
  }

  get everyStage(): Stage[] {
    return [...this.stages, ...(this.direct === undefined ? [] : [this.direct])];
  }

  /** Starts all topologies and waits until they serve. If something fails, it ends what was started. */
  static async start({ suite, server, seed, events, signal }: LabOptions): Promise<Lab> {
    const topologies = topologiesOf(suite, server);
    const folder = makeTemporaryFolder('claims');
    const stages: Stage[] = [];
    let toxiproxy: Toxiproxy | undefined;
    try {
      if (server === 'zklab') toxiproxy = await findToxiproxy({ seed });
      const start = async (topology: Topology, label: string, through: Toxiproxy | undefined) => {
        signal.throwIfAborted();
        events.emit({ kind: 'phase', what: `starting ${label}: ${topology.shortForm}` });
        const at = { folder: join(folder.path, label), temporaryFolder: folder.path, label };
        stages.push(await Stage.start({ topology, ...at, toxiproxy: through, seed, events, signal }));
      };
      for (const topology of topologies) await start(topology, topology.name, toxiproxy);
      const [first] = topologies;
      if (suite.proxyTax && toxiproxy !== undefined) await start(first!, `${first!.name}-direct`, undefined);
      return new Lab(folder, stages, toxiproxy);
    } catch (error) {
      await new Lab(folder, stages, toxiproxy).stop().catch(() => {});
      throw error;
    }
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
    results.push(...(await Promise.allSettled([this.toxiproxy?.stop() ?? Promise.resolve()])));
    this.folder.remove();
    const errors = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []));
    if (errors.length > 0) throw new AggregateError(errors, 'not everything ended cleanly');
  }
}

/** @throws UsageError */
export function topologiesOf(suite: Suite, server: ServerKind): Topology[] {
  return Object.entries(suite.topologies).map(([name, text]) => {
    const origin = `suite ${suite.name}, topology ${name}`;
    const { members, observerMasters } = readTopology(text, origin);
    const other = members.find(({ implementation }) => implementation !== 'zklab');
    if (other !== undefined)
      throw new UsageError(
        `${origin}: ${text}: ${other.name} has the implementation ${implementationName(other.implementation)}; leave it out, because --server chooses the server`,
      );
    return topologyOf(
      {
        name,
        masters: observerMasters,
        members: members.map(member => ({ ...member, implementation: server })),
        settings: suite.settings,
      },
      origin,
    );
  });
}
