/** Adapts the members of an ensemble of bench/topology to the mesh and the faults. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CpuBudget } from '../bench/hosts/cpu-budget.ts';
import { LOCAL_HOST } from '../bench/hosts/local-host.ts';
import type { Ensemble } from '../bench/topology/ensemble.ts';
import { implementationName, isApache, type NamedImplementation } from '../bench/topology/implementation.ts';
import type { Member } from '../bench/topology/member.ts';
import type { EnsemblePlan, PlannedMember } from '../bench/topology/planned.ts';
import { memberFiles } from '../bench/topology/zoo-cfg.ts';
import { UsageError } from '../bench/usage-error.ts';
import type { DataFolders, FaultMember } from './faults/context.ts';
import { FaultSwitch, switchText } from './faults/parts/fault-switch.ts';
import { Holds } from './faults/parts/holds.ts';
import type { Mesh, MeshMember } from './mesh/mesh.ts';

/**
 * A member's name on its links. When one Toxiproxy serves several ensembles, the names of proxies must
 * differ.
 */
export type Naming = (member: string) => string;

const asItIs: Naming = member => member;

/** @throws UsageError when the members could not reach the proxies */
export function meshMembers({ members, topology, network }: EnsemblePlan, naming = asItIs): MeshMember[] {
  if (network !== undefined)
    throw new UsageError(
      `topology ${topology.name}: its members have networks of their own, from which they do not reach the proxies on their links; leave bandwidth and delay out`,
    );
  return members.map(({ name, sid, role, dc, ports, host }) => {
    const { quorum, election, client, observerMaster } = ports;
    const isMaster = topology.observerMasters && role === 'participant';
    const listens = { quorum, election, client, ...(isMaster && { observerMaster }) };
    return { name: naming(name), sid, role, dc, ports: listens, host };
  });
}

/** For `Ensemble.start`: the link map of each member. */
export function linkMaps(
  mesh: Mesh,
  { members }: EnsemblePlan,
  naming = asItIs,
): ReadonlyMap<string, string> {
  return new Map(members.map(({ name }) => [name, mesh.linkMapFile(naming(name))]));
}

/** The link maps that Java processes need a SOCKS server for. */
export function ofApache(
  { members }: EnsemblePlan,
  maps: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const java = members.filter(({ implementation }) => isApache(implementation));
  return new Map(java.map(({ name }) => [name, maps.get(name)!]));
}

/** By member name: the file of its server's switch, in this folder. Only zklab's server has one. */
export function faultFiles({ members }: EnsemblePlan, folder: string): ReadonlyMap<string, string> {
  return new Map(
    members
      .filter(({ implementation }) => implementation === 'zklab')
      .map(({ name, host }) => [name, join(host.folderFor(folder), `${name}.faults.json`)]),
  );
}

/** A server with the switch does not start without its file. */
export async function writeFaultFiles(
  { members }: EnsemblePlan,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  for (const { name, host } of members) {
    const file = files.get(name);
    if (file !== undefined) await host.writeFile(file, switchText('0', []));
  }
}

/** @param faultFile of its server's switch, if it was started with one */
export function faultMember(ensemble: Ensemble, member: Member, faultFile?: string): FaultMember {
  const { host, plan } = member;
  const holds = new Holds();
  const isRunning = () => member.isStarted && host.stateOf(member.pid) !== 'gone';
  return {
    name: member.name,
    dc: member.plan.dc,
    get implementation() {
      return implementationName(member.implementation);
    },
    run: server => runFromNowOn(member, server),
    isVoter: member.plan.role === 'participant',
    snapshotZxid: () => newestSnapshot(memberFiles(member.plan, ensemble.plan).dataDir),
    masterOf: async () => (await ensemble.learnerMasters()).get(member.name),
    get pid() {
      return member.pid;
    },
    clientAddress: member.ownAddress,
    signal: (signal, pid) => member.signal(signal, pid),
    stateOf: pid => member.host.stateOf(pid),
    roleOf: () => member.mode(),
    hold: () => holds.hold(),
    restart: options =>
      options?.mayEnd
        ? ensemble.restart(member.name, options)
        : holds.restart({ pid: () => member.pid, restart: () => ensemble.restart(member.name) }),
    expectEnd: pid => member.expectEnd(pid),
    logTail: () => member.log.tail(),
    limitCpu: cores => limitCpu(member, cores),
    limitMemory: bytes => member.limitMemory(bytes),
    serverFaults: faultFile === undefined ? undefined : new FaultSwitch(host, faultFile, isRunning),
    dataFolders: host === LOCAL_HOST ? dataFolders(plan, ensemble.plan) : undefined,
  };
}

/** @throws Error when the member could not dial through its proxies as that */
function runFromNowOn(member: Member, server: NamedImplementation): void {
  const { plan } = member;
  if (isApache(server) && !isApache(plan.implementation))
    throw new Error(
      `${plan.name} cannot become ${server}: only a member that started as Apache's has a SOCKS server to dial through`,
    );
  member.implementation = server;
}

/** By the name of the file, in a folder of this machine. */
function newestSnapshot(dataDir: string): number | undefined {
  const folder = join(dataDir, 'version-2');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const zxids = names.flatMap(name => {
    const hex = /^snapshot\.([0-9a-f]+)/.exec(name)?.[1];
    return hex === undefined ? [] : [Number.parseInt(hex, 16)];
  });
  return zxids.length === 0 ? undefined : Math.max(...zxids);
}

function dataFolders(member: PlannedMember, plan: EnsemblePlan): DataFolders {
  const { dataDir, dataLogDir } = memberFiles(member, plan);
  return { snapshots: dataDir, logs: dataLogDir };
}

/** Below its own budget, which it gets back. */
function limitCpu(member: Member, cores: number): CpuBudget {
  const { budget } = member.plan;
  const { pid } = member;
  const limit = member.limitCpu(budget === undefined ? cores : Math.min(cores, budget));
  if (budget === undefined) return limit;
  const lift = () => {
    limit.lift();
    if (member.pid === pid && member.process.isRunning) member.limitCpu(budget);
  };
  return { ...limit, lift };
}
