/** The output of `zklab up`: where clients connect, the role of each member, and how to break things. */
import { table } from '../bench/terminal.ts';

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
    `Toxiproxy ${toxiproxy.version} (${toxiproxy.kind}) listens at ${toxiproxy.url}. To break and heal links:`,
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
    'Each member has a network of its own, whose links have no proxies. To break and heal:',
    ...networkHints(up),
  ];
}

function whoAndWhat({ name, mode, follows, pid }: UpMember): string[] {
  return [name, follows === undefined ? mode : `${mode} of ${follows}`, String(pid)];
}
