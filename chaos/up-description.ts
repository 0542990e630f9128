/** What `zklab up` tells about a running ensemble, as a document. */
import { implementationName } from '../bench/topology/implementation.ts';
import { dialsThroughProxies } from './faults/host.ts';
import type { MeshedEnsemble } from './meshed-ensemble.ts';

export interface UpDescription {
  readonly topology: string;
  readonly connectString: string;
  readonly directConnectString: string;
  /** Absent where members have networks of their own. */
  readonly toxiproxy?: {
    readonly kind: string;
    readonly version: string;
    readonly url: string;
    /** Begins the name of each proxy of this lab, where others may use the same Toxiproxy. */
    readonly prefix: string;
  };
  /** Of the lab, which starts ended members again at SIGUSR2. */
  readonly pid: number;
  readonly observerMasters: boolean;
  readonly members: readonly UpMember[];
  /** A link to try the commands on, of a member that dials through proxies: to the leader if there is one. */
  readonly link: string | undefined;
}

export interface UpMember {
  readonly name: string;
  readonly sid: number;
  readonly mode: string;
  /** For an observer: the leader or observer master it follows. */
  readonly follows: string | undefined;
  readonly implementation: string;
  readonly pid: number;
  /** Address through its proxy, if there are proxies. */
  readonly client: string;
  readonly direct: string;
  readonly folder: string;
  /** Its own network namespace and the far end of its link, where links are limited. */
  readonly network?: {
    readonly space: string;
    readonly farEnd: { readonly space: string; readonly device: string };
  };
}

/** An ensemble with a proxy on every link, or without any. */
export type UpEnsemble = Pick<MeshedEnsemble, 'ensemble' | 'stop'> &
  Partial<Pick<MeshedEnsemble, 'toxiproxy' | 'mesh' | 'client' | 'faultMembers'>>;

export async function describeUp({ ensemble, toxiproxy, mesh }: UpEnsemble): Promise<UpDescription> {
  const [modes, masters] = await Promise.all([ensemble.modes(), ensemble.learnerMasters()]);
  const leader = [...modes].find(([, mode]) => mode === 'leader')?.[0];
  const { network } = ensemble.plan;
  const through = ensemble.members
    .filter(({ plan }) => dialsThroughProxies(implementationName(plan.implementation)))
    .map(({ name }) => name);
  const links = (mesh?.links ?? []).filter(link => link.kind === 'quorum' && through.includes(link.from));
  return {
    topology: ensemble.plan.topology.shortForm,
    connectString: ensemble.connectString(),
    directConnectString: ensemble.directConnectString(),
    ...(toxiproxy && {
      toxiproxy: {
        kind: toxiproxy.kind,
        version: toxiproxy.version,
        url: toxiproxy.url,
        prefix: toxiproxy.proxyPrefix,
      },
    }),
    pid: process.pid,
    observerMasters: ensemble.plan.topology.observerMasters,
    members: ensemble.members.map(member => ({
      name: member.name,
      sid: member.plan.sid,
      mode: modes.get(member.name) ?? 'down',
      follows: masters.get(member.name),
      implementation: implementationName(member.plan.implementation),
      pid: member.pid,
      client: member.clientAddress,
      direct: member.ownAddress,
      folder: member.plan.folder,
      ...(network && {
        network: { space: network.spaceOf(member.name), farEnd: network.farEndOf(member.name) },
      }),
    })),
    link: (links.find(({ to }) => to === leader) ?? links[0])?.name,
  };
}
