/** The output of `zklab up`: where clients connect, the role of each member, and how to break things. */
import { table } from '../bench/terminal.ts';
import { implementationName } from '../bench/topology/topology.ts';
import type { MeshedEnsemble } from './meshed-ensemble.ts';

export interface UpDescription {
  readonly topology: string;
  readonly connectString: string;
  readonly directConnectString: string;
  readonly toxiproxy: { readonly kind: string; readonly version: string; readonly url: string };
  readonly members: readonly UpMember[];
  /** A link to try the commands on: from a member to the leader. */
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
  /** Address through its proxy. */
  readonly client: string;
  readonly direct: string;
  readonly folder: string;
}

export async function describeUp({ ensemble, toxiproxy, mesh }: MeshedEnsemble): Promise<UpDescription> {
  const [modes, masters] = await Promise.all([ensemble.modes(), ensemble.learnerMasters()]);
  const leader = [...modes].find(([, mode]) => mode === 'leader')?.[0];
  const { kind, version, url } = toxiproxy;
  return {
    topology: ensemble.plan.topology.shortForm,
    connectString: ensemble.connectString(),
    directConnectString: ensemble.directConnectString(),
    toxiproxy: { kind, version, url },
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
    })),
    link: mesh.links.find(link => link.to === leader && link.kind === 'quorum')?.name,
  };
}

export function upText(up: UpDescription): string {
  const rows = up.members.map(({ name, mode, follows, pid, client, direct }) => [
    name,
    follows === undefined ? mode : `${mode} of ${follows}`,
    String(pid),
    client,
    direct,
  ]);
  return [
    `${up.topology} is up. Clients connect through the proxies:`,
    `  ${up.connectString}`,
    'or directly:',
    `  ${up.directConnectString}`,
    '',
    table([['member', 'role', 'pid', 'through its proxy', 'directly'], ...rows]),
    `Toxiproxy ${up.toxiproxy.version} (${up.toxiproxy.kind}) listens at ${up.toxiproxy.url}. To break and heal links:`,
    ...breakingHints(up),
    '',
    ...linkMapNote(up),
    `Configurations, data and logs are in ${up.members[0]!.folder.replace(/\/[^/]+$/, '')} until the end.`,
    'Ctrl-C stops everything.',
  ].join('\n');
}

function breakingHints({ toxiproxy: { url }, link, members }: UpDescription): string[] {
  const proxy = link ?? `client.${members[0]!.name}.client`;
  const leader = members.find(({ mode }) => mode === 'leader') ?? members[0]!;
  const toxic = (type: string, attributes: object) =>
    `curl -s -d '${JSON.stringify({ type, attributes })}' ${url}/proxies/${proxy}/toxics`;
  const rows = [
    [`curl -s ${url}/proxies`, 'list the links: <who dials>.<whom>.<port>'],
    [toxic('latency', { latency: 200 }), 'delay a link by 200 ms'],
    [toxic('timeout', { timeout: 0 }), 'drop all bytes of a link (blackhole)'],
    [`curl -s -d '{"enabled":false}' ${url}/proxies/${proxy}`, 'refuse connections on a link'],
    [`curl -s -X POST ${url}/reset`, 'heal all links'],
    [`kill -STOP ${leader.pid}`, `pause ${leader.name}; kill -CONT continues it`],
  ];
  return table(rows.map(([command = '', what = '']) => [`  ${command}`, `# ${what}`]))
    .trimEnd()
    .split('\n');
}

function linkMapNote({ members }: UpDescription): string[] {
  const others = members.filter(({ implementation }) => implementation !== 'zklab').map(({ name }) => name);
  if (others.length === 0) return [];
  return [
    `${others.join(', ')}: what they dial goes past the proxies, because only zklab's server reads a link map.`,
  ];
}
