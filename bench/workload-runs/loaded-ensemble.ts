/** What is loaded: an ensemble that runs already, named by its client addresses, or one that is started. */
import { join } from 'node:path';
import { CONDITIONS } from '../../results/names.ts';
import type { Death, Result, Topology as TopologyRow } from '../../results/schema.ts';
import { isLoopback, type LoadTarget } from '../load/load-spec.ts';
import { topologyRow } from '../measure/result-rows.ts';
import { Ensemble } from '../topology/ensemble.ts';
import { EnsembleError } from '../topology/ensemble-error.ts';
import { deathRows, deathsSince } from '../topology/ensemble-health.ts';
import { fourLetterWord, parseSrvr, type Srvr } from '../topology/four-letter.ts';
import { implementationKind } from '../topology/implementation.ts';
import { planEnsemble } from '../topology/plan.ts';
import { readTopology } from '../topology/read-topology.ts';
import type { Topology } from '../topology/topology.ts';
import { UsageError } from '../usage-error.ts';

export interface LoadedEnsemble {
  readonly targets: readonly LoadTarget[];
  /** For the result. */
  readonly row: TopologyRow;
  readonly server: Result['environment']['server'];
  /** Whether this lab started it, so that all of it ends with the run. */
  readonly isOwn: boolean;
  /** Members that ended by themselves. Of an ensemble that runs on, the lab does not know. */
  ended(): Promise<EndedMembers>;
  stop(): Promise<void>;
}

export interface EndedMembers {
  /** Of each member: that it ended, how, and the end of its log. */
  readonly texts: readonly string[];
  readonly rows: readonly Death[];
}

export interface StartOptions {
  /** Where the data of an ensemble goes that is started. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onPhase: (what: string) => void;
}

const ADDRESS = /^(\[[\da-fA-F:]+\]|[^\s=,:/]+):(\d{1,5})$/;

/** What a person named, checked; nothing is started or asked yet. */
export type LoadTargetText =
  | {
      readonly kind: 'running';
      readonly addresses: readonly { readonly host: string; readonly port: number }[];
    }
  | { readonly kind: 'topology'; readonly topology: Topology };

/**
 * @param text `127.0.0.1:2181,127.0.0.1:2182`, or a topology in the form that `zklab up` takes
 * @throws UsageError
 */
export function readLoadTarget(text: string): LoadTargetText {
  const parts = text.trim().split(',');
  if (!parts.some(part => ADDRESS.test(part))) return { kind: 'topology', topology: readTopology(text) };
  const addresses = parts.map(part => {
    const [, written = '', digits] = ADDRESS.exec(part) ?? [];
    const port = Number(digits);
    const host = written.replace(/^\[|\]$/g, '');
    if (host === '' || port < 1 || port > 65_535)
      throw new UsageError(
        `address "${part}": accepted is host:port with a port from 1 to 65535, without a chroot`,
      );
    if (!isLoopback(host))
      throw new UsageError(
        `address "${part}": only loopback is loaded, so that no ensemble of somebody else is; accepted are 127.x.y.z, localhost and [::1]`,
      );
    return { host, port };
  });
  return { kind: 'running', addresses };
}

/** @throws EnsembleError when a member does not answer or does not start */
export async function openEnsemble(target: LoadTargetText, options: StartOptions): Promise<LoadedEnsemble> {
  if (target.kind === 'running') return running(target.addresses);
  const { topology } = target;
  options.onPhase(`starting ${topology.shortForm}`);
  const plan = await planEnsemble(topology, join(options.folder, 'ensemble'));
  const ensemble = await Ensemble.start(plan, { temporaryFolder: options.folder, signal: options.signal });
  try {
    const targets = await Promise.all(
      ensemble.members.map(async ({ name, plan: { ports } }): Promise<LoadTarget> => {
        const role = (await srvrOf(ports.client))?.mode;
        return { name, ...ports.client, ...(role !== undefined && { role }) };
      }),
    );
    const version = (await srvrOf(targets[0]!))?.version ?? '';
    const kinds = new Set(topology.members.map(({ implementation }) => implementationKind(implementation)));
    const [kind = 'other'] = kinds;
    return {
      targets,
      row: topologyRow(topology, { links: 'direct' }),
      server: { implementation: kinds.size === 1 ? kind : 'other', version },
      isOwn: true,
      ended: async () => ({
        texts: await deathsSince(ensemble, 0),
        rows: deathRows(ensemble, topology.name, () => CONDITIONS.healthy),
      }),
      stop: () => ensemble.stop(),
    };
  } catch (error) {
    await ensemble.stop();
    throw error;
  }
}

async function running(addresses: readonly { host: string; port: number }[]): Promise<LoadedEnsemble> {
  const members = await Promise.all(
    addresses.map(async address => ({ address, srvr: await srvrOf(address) })),
  );
  const targets = members.map(({ address, srvr }): LoadTarget => {
    const name = `${address.host}:${address.port}`;
    return { name, ...address, ...(srvr !== null && { role: srvr.mode }) };
  });
  return {
    targets,
    row: {
      name: 'running',
      shortForm: targets.map(({ name }) => name).join(','),
      members: members.map(({ srvr }, index) => ({
        name: targets[index]!.name,
        sid: index + 1,
        role: srvr?.mode === 'observer' ? 'observer' : 'voter',
        observerMaster: false,
      })),
      links: 'direct',
    },
    server: { implementation: 'other', version: members[0]?.srvr?.version ?? '' },
    isOwn: false,
    ended: async () => ({ texts: [], rows: [] }),
    stop: async () => {},
  };
}

/** Null when it does not serve, or does not accept the word. @throws EnsembleError when no server is there */
async function srvrOf(address: { host: string; port: number }): Promise<Srvr | null> {
  try {
    return parseSrvr(await fourLetterWord(address, 'srvr'));
  } catch (error) {
    throw new EnsembleError(`no ZooKeeper server answers: ${(error as Error).message}`);
  }
}
