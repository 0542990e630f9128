/** The output of `zklab up`: where clients connect, the role of each member, and how to break things. */
import { table } from '../bench/terminal.ts';

import type { UpDescription } from './up-description.ts';
import { breakingHints } from './up-hints.ts';

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
    `Configurations, data and logs are in ${up.members[0]!.folder.replace(/\/[^/]+$/, '')} until the end.`,
    'Ctrl-C stops everything.',
  ].join('\n');
}
