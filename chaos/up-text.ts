/** The output of `zklab up`: where clients connect, the role of each member, and how to break things. */
import { table } from '../bench/terminal.ts';
import { dialsThroughProxies } from './faults/host.ts';
import type { UpDescription, UpMember } from './up-description.ts';
import { breakingHints, networkHints } from './up-hints.ts';

export function upText(up: UpDescription): string {
  return [
    ...(up.toxiproxy === undefined ? unproxied(up) : proxied(up, up.toxiproxy)),
    '',
    `Configurations, data and logs are in ${up.members[0]!.folder.replace(/\/[^/]+$/, '')} until the end.`,
    'Ctrl-C stops everything.',
  ].join('\n');
}

function proxied(up: UpDescription, toxiproxy: NonNullable<UpDescription['toxiproxy']>): string[] {
  const rows = up.members.map(member => [...whoAndWhat(member), member.client, member.direct]);
  return [
    `${up.topology} is up. Clients connect through the proxies:`,
    `  ${up.connectString}`,
    'or directly:',
    `  ${up.directConnectString}`,
    '',
    table([['member', 'role', 'pid', 'through its proxy', 'directly'], ...rows]),
    ...faultLines(up),
    '',
    `Toxiproxy ${toxiproxy.version} (${toxiproxy.kind}) listens at ${toxiproxy.url}. To break and heal links with curl:`,
    ...breakingHints(up, toxiproxy),
  ];
}

function unproxied(up: UpDescription): string[] {
  const rows = up.members.map(member => [...whoAndWhat(member), member.direct, member.network?.space ?? '']);
  return [
    `${up.topology} is up. Clients connect to:`,
    `  ${up.directConnectString}`,
    '',
    table([['member', 'role', 'pid', 'address', 'network namespace'], ...rows]),
    ...faultLines(up),
    '',
    'Each member has a network of its own, whose links have no proxies. To break and heal it by hand:',
    ...networkHints(up),
  ];
}

/** Faults of links need proxies on all of them. */
function faultLines({ members, toxiproxy }: UpDescription): string[] {
  const cutOff = members.some(({ mode }) => mode === 'observer') ? 'observers' : 'follower';
  const hasLinks =
    toxiproxy !== undefined && members.every(({ implementation }) => dialsThroughProxies(implementation));
  const rows = [
    ...(hasLinks
      ? [
          [`zklab fault cut leader ${cutOff}`, 'drop all that they send to each other'],
          ['zklab fault latency leader any latencyMs=100 --for 30s', 'delay it, and heal by itself'],
        ]
      : []),
    ['zklab fault kill leader', 'by role, or by name: v1'],
    ['zklab fault list', 'what is in force, and the state of every link'],
    ['zklab heal', 'heal everything'],
  ];
  const lines = table(rows.map(([command = '', what = '']) => [`  ${command}`, `# ${what}`]));
  return ['To break and heal it from another terminal:', ...lines.trimEnd().split('\n')];
}

function whoAndWhat({ name, mode, follows, pid }: UpMember): string[] {
  return [name, follows === undefined ? mode : `${mode} of ${follows}`, String(pid)];
}
