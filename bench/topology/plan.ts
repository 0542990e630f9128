/** Plans a topology: a host, free addresses and a folder for each member, and checked settings. */
import { join } from 'node:path';
import { parseConfig } from '../../server/config/server-config.ts';
import { ServerError } from '../../server/errors.ts';
import type { Host } from '../hosts/host.ts';
import { LOCAL_HOST } from '../hosts/local-host.ts';
import { MemberNetwork } from '../hosts/network/member-network.ts';
import { networkSupport } from '../hosts/network/network-support.ts';
import { packedHost } from '../hosts/packs/packed-host.ts';
import { type MemberPorts, type PortOptions, USUAL_PORTS } from '../hosts/ports.ts';
import { UsageError } from '../usage-error.ts';
import type { EnsemblePlan, PlannedMember } from './planned.ts';
import { hasLimitedLinks, type Topology, type TopologyMember } from './topology.ts';
import { memberFiles } from './zoo-cfg.ts';

export interface PlanOptions extends PortOptions {
  /** Where each member runs. @default this machine; with a network of its own where its link is limited */
  readonly hostOf?: ((member: TopologyMember) => Host) | undefined;
}

/**
 * @param folder folder of the whole ensemble; each member gets a folder in it
 * @throws UsageError when a member of ours would not start with its settings, or the host cannot give a
 * budget or limit a link
 */
export async function planEnsemble(
  topology: Topology,
  folder: string,
  options: PlanOptions = {},
): Promise<EnsemblePlan> {
  const { hostOf: chosenHostOf, ...portOptions } = options;
  const problem = settingsProblem(topology);
  if (problem !== undefined) throw new UsageError(`topology ${topology.name}: ${problem}`);
  const network = await networkFor(topology, chosenHostOf !== undefined);
  const packs = new Map<number, Host>();
  const localHostOf = ({ packed }: TopologyMember): Host => {
    if (packed === undefined) return LOCAL_HOST;
    const host = packs.get(packed) ?? packedHost(LOCAL_HOST, packed);
    packs.set(packed, host);
    return host;
  };
  const hostOf =
    chosenHostOf ?? ((member: TopologyMember) => network?.hostOf(member.name) ?? localHostOf(member));
  const placed = topology.members.map(member => ({ member, host: hostOf(member) }));
  checkBudgets(topology, placed);
  const ports = await addressesOn(
    placed.map(({ host }) => host),
    portOptions,
  );
  const members = placed.map(({ member, host }, index): PlannedMember => {
    const own = join(host.folderFor(folder), member.name);
    const logFile = join(folder, member.name, 'member.log');
    return { ...member, host, ports: ports[index]!, folder: own, cfgFile: join(own, 'zoo.cfg'), logFile };
  });
  return { topology, folder, members, ...(network && { network }) };
}

function checkBudgets({ name }: Topology, placed: readonly { member: TopologyMember; host: Host }[]): void {
  for (const { member, host } of placed) {
    const problem = member.budget === undefined ? undefined : host.noBudget();
    if (problem !== undefined)
      throw new UsageError(`topology ${name}: budget of ${member.name}: ${problem}; leave the budget out`);
  }
}

/** Members whose links are limited need a network each, and then all others do, to reach them. */
async function networkFor(topology: Topology, hasOtherHosts: boolean): Promise<MemberNetwork | undefined> {
  if (!hasLimitedLinks(topology)) return undefined;
  const { name, members } = topology;
  for (const key of ['bandwidth', 'delay'] as const) {
    const member = members.find(each => each[key] !== undefined);
    if (member === undefined) continue;
    const problem = hasOtherHosts
      ? 'it limits members of this machine alone, and some run elsewhere'
      : (await networkSupport())[key];
    if (problem !== undefined)
      throw new UsageError(`topology ${name}: ${key} of ${member.name}: ${problem}; leave the ${key} out`);
  }
  return new MemberNetwork(
    members.map(({ name, bandwidth, delay }) => ({ name, limits: { bandwidth, delay } })),
  );
}

/** Each host gives the addresses of its members; the first one chooses the port of observer masters. */
async function addressesOn(hosts: readonly Host[], options: PortOptions): Promise<MemberPorts[]> {
  const left = new Map<Host, MemberPorts[]>();
  let observerMaster: number | undefined;
  for (const host of new Set(hosts)) {
    const count = hosts.filter(each => each === host).length;
    const found = await host.addresses(count, { ...options, observerMaster });
    observerMaster ??= found[0]?.observerMaster.port;
    left.set(host, found);
  }
  return hosts.map(host => left.get(host)!.shift()!);
}

/**
 * Which member of ours would not start with its settings, by the server's own rules; undefined when all
 * would. It needs no addresses, so a suite is checked before anything starts. Other implementations check
 * their settings themselves.
 */
export function settingsProblem(topology: Topology): string | undefined {
  const members = topology.members.map((member, index): PlannedMember => {
    const at = (port: number) => ({ host: `127.0.0.${index + 1}`, port });
    const ports: MemberPorts = {
      client: at(USUAL_PORTS.client),
      quorum: at(USUAL_PORTS.quorum),
      election: at(USUAL_PORTS.election),
      observerMaster: at(USUAL_PORTS.observerMaster),
      admin: at(USUAL_PORTS.admin),
    };
    return { ...member, host: LOCAL_HOST, ports, folder: '/', cfgFile: '/zoo.cfg', logFile: '/member.log' };
  });
  const plan = { topology, folder: '/', members };
  for (const member of oneOfEachKind(members.filter(({ implementation }) => implementation === 'zklab'))) {
    const { zooCfg, myid } = memberFiles(member, plan);
    try {
      parseConfig({ path: 'zoo.cfg', text: zooCfg, myid });
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      return `settings of ${member.name}: ${error.message}`;
    }
  }
  return undefined;
}

/** Hundreds of observers differ in their addresses alone, and each has hundreds of lines to check. */
function oneOfEachKind(members: readonly PlannedMember[]): Iterable<PlannedMember> {
  const kinds = new Map<string, PlannedMember>();
  for (const member of members) {
    const kind = `${member.role} ${JSON.stringify(member.settings)}`;
    if (!kinds.has(kind)) kinds.set(kind, member);
  }
  return kinds.values();
}
