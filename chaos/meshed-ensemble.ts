/**
 * An ensemble with a proxy on every link: faults are injected into it, and `zklab up` starts one to
 * experiment with.
 */
import { join } from 'node:path';
import { Ensemble, type EnsembleOptions } from '../bench/topology/ensemble.ts';
import { type PlanOptions, planEnsemble } from '../bench/topology/plan.ts';
import type { Topology } from '../bench/topology/topology.ts';
import type { FaultMember } from './faults/context.ts';
import { faultFiles, faultMember, linkMaps, meshMembers, ofApache, writeFaultFiles } from './members.ts';
import { Mesh } from './mesh/mesh.ts';
import { startSocks } from './mesh/socks/start.ts';
import { ToxiproxyClient } from './toxiproxy/client.ts';
import { findToxiproxy } from './toxiproxy/find.ts';
import type { Toxiproxy } from './toxiproxy/toxiproxy.ts';
import { whyLost } from './toxiproxy/watch.ts';

export interface MeshedOptions
  extends Omit<EnsembleOptions, 'linkMaps' | 'faultFiles' | 'socksServers' | 'clientAddresses'> {
  /** Folder for everything: configurations, data, logs, link maps. */
  readonly folder: string;
  /** Where each member runs. @default this machine */
  readonly hostOf?: PlanOptions['hostOf'];
  /** Seed of the randomness of the stand-in. @default 1 */
  readonly seed?: number;
  /** Starts the stand-in, whatever Toxiproxy there is: only it knows packets of ZooKeeper. @default false */
  readonly standIn?: boolean;
}

export interface MeshedEnsemble {
  readonly ensemble: Ensemble;
  readonly mesh: Mesh;
  readonly client: ToxiproxyClient;
  readonly toxiproxy: Toxiproxy;
  /** Of the SOCKS servers of Apache's members; undefined without such members. */
  readonly socksPid: number | undefined;
  /** Why links work no more: what led through them ended or stands still; undefined while it serves. */
  whyLost(): Promise<string | undefined>;
  /** Members as process faults take them. */
  readonly faultMembers: readonly FaultMember[];
  /** Ends members, proxies and Toxiproxy. It tries all of them before it throws. */
  stop(): Promise<void>;
}

/** @throws EnsembleError, ToxiproxyRequestError; nothing is left running */
export async function startMeshedEnsemble(
  topology: Topology,
  options: MeshedOptions,
): Promise<MeshedEnsemble> {
  const { folder, hostOf, seed = 1, standIn, ...ensembleOptions } = options;
  const undo: (() => Promise<void>)[] = [];
  try {
    const toxiproxy = await findToxiproxy({ seed, ...(standIn && { standIn }) });
    undo.push(() => toxiproxy.stop());
    const plan = await planEnsemble(topology, folder, { hostOf });
    const client = new ToxiproxyClient(toxiproxy.url, toxiproxy.proxyPrefix);
    // Faults ask for roles when they choose their targets, and by then the ensemble exists.
    let ensemble: Ensemble | undefined;
    const roleOf = async (name: string) => (await ensemble?.member(name).mode()) ?? 'down';
    const mesh = await Mesh.build({
      client,
      members: meshMembers(plan),
      folder: join(folder, 'links'),
      roleOf,
      masterOf: async name => (await ensemble?.learnerMasters())?.get(name),
      outlivesLab: toxiproxy.kind === 'external',
    });
    // A Toxiproxy that was started here ends, and its proxies with it.
    if (toxiproxy.kind === 'external') undo.push(() => mesh.remove());
    const maps = linkMaps(mesh, plan);
    const socks = await startSocks(ofApache(plan, maps));
    if (socks !== undefined) undo.push(() => socks.stop());
    const switches = faultFiles(plan, join(folder, 'faults'));
    await writeFaultFiles(plan, switches);
    ensemble = await Ensemble.start(plan, {
      ...ensembleOptions,
      faultFiles: switches,
      linkMaps: maps,
      ...(socks && { socksServers: socks.addresses }),
      clientAddresses: new Map(plan.members.map(({ name }) => [name, mesh.clientAddress(name)])),
    });
    const started = ensemble;
    undo.push(() => started.stop());
    const faultMembers = started.members.map(member =>
      faultMember(started, member, switches.get(member.name)),
    );
    return {
      ...{ ensemble, mesh, client, toxiproxy, faultMembers, socksPid: socks?.pid },
      whyLost: async () => socks?.whyLost() ?? (await whyLost(toxiproxy)),
      stop: () => undoAll(undo),
    };
  } catch (error) {
    await undoAll(undo);
    throw error;
  }
}

async function undoAll(undo: (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (let next = undo.pop(); next !== undefined; next = undo.pop()) {
    try {
      await next();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0)
    throw new AggregateError(errors, `${errors.length} parts of the ensemble did not end`);
}
