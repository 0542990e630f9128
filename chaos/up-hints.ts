/** Commands with which a person breaks and heals an ensemble of `zklab up`: only those that work. */
import { table } from '../bench/terminal.ts';
import { dialsThroughProxies, type UpDescription, type UpMember } from './up-description.ts';

export function breakingHints(up: UpDescription): string[] {
  const { url, prefix } = up.toxiproxy;
  const name = `${prefix}${up.link ?? `client.${up.members[0]!.name}.client`}`;
  const toxics = (type: string, attributes: object) =>
    ['upstream', 'downstream'].map(
      stream => `curl -s -d '${JSON.stringify({ type, stream, attributes })}' $P/$L/toxics`,
    );
  const [latencyOut = '', latencyBack = ''] = toxics('latency', { latency: 100 });
  const [blackholeOut = '', blackholeBack = ''] = toxics('timeout', { timeout: 0 });
  const leader = up.members.find(({ mode }) => mode === 'leader') ?? up.members[0]!;
  const rows = [
    [`P=${url}/proxies; L=${name}`, 'a link for the commands below'],
    ['curl -s $P', `list the links: ${prefix}<who dials>.<whom>.<port>`],
    [latencyOut, 'delay what the dialer sends by 100 ms ...'],
    [latencyBack, '... and what it receives'],
    [blackholeOut, 'drop all that the dialer sends (blackhole) ...'],
    [blackholeBack, '... and all that it receives'],
    [`curl -s -d '{"enabled":false}' $P/$L`, 'refuse its connections'],
    ...(prefix === '' ? [[`curl -s -X POST ${url}/reset`, 'heal all links']] : HEALS),
    [`kill -STOP ${leader.pid}`, `pause ${leader.name}; kill -CONT continues it`],
    [`kill -9 ${leader.pid}`, `end ${leader.name}`],
    [`kill -USR2 ${up.pid}`, 'start ended members again, on their data and behind the same proxies'],
  ];
  const lines = table(rows.map(([command = '', what = '']) => [`  ${command}`, `# ${what}`]));
  return [...lines.trimEnd().split('\n'), ...cutLines(up), ...pastProxies(up.members)];
}

/** A reset would heal the links of other labs as well. */
const HEALS = [
  ['curl -s -X DELETE $P/$L/toxics/timeout_upstream', 'take one toxic away'],
  [`curl -s -d '{"enabled":true}' $P/$L`, 'accept connections again'],
];

/** Cutting a member off takes the links that it dials and those that dial it. */
function cutLines({ members, toxiproxy: { prefix }, observerMasters }: UpDescription): string[] {
  const victim = members.find(({ mode }) => mode === 'follower') ?? members.at(-1)!;
  const others = members.filter(({ name }) => name !== victim.name).map(({ name }) => name);
  if (others.length === 0 || !members.every(dialsThroughProxies)) return [];
  const kinds = observerMasters ? 'election quorum observerMaster' : 'election quorum';
  const each = `for m in ${others.join(' ')}; do for k in ${kinds}; do for l in ${victim.name}.$m.$k $m.${victim.name}.$k; do`;
  const set = `curl -s -o /dev/null -d '{"enabled":false}' $P/${prefix}$l`;
  return [
    `  # cut ${victim.name} off, both ways; with true instead of false it is back:`,
    `  ${each} ${set}; done; done; done`,
  ];
}

function pastProxies(members: readonly UpMember[]): string[] {
  const others = members.filter(member => !dialsThroughProxies(member)).map(({ name }) => name);
  if (others.length === 0) return [];
  return [
    `${others.join(', ')}: what they dial goes past the proxies, because only zklab's server reads a link map.`,
    'Their clients can be cut off, and what members of zklab dial; to break anything else of them, pause or kill them.',
  ];
}
