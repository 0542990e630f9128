/** Commands with which a person breaks and heals an ensemble of `zklab up`: only those that work. */
import { table } from '../bench/terminal.ts';
import { dialsThroughProxies } from './faults/host.ts';
import type { UpDescription, UpMember } from './up-description.ts';

type Proxies = NonNullable<UpDescription['toxiproxy']>;

export function breakingHints(up: UpDescription, { url, prefix }: Proxies): string[] {
  const name = `${prefix}${up.link ?? `client.${up.members[0]!.name}.client`}`;
  const toxics = (type: string, attributes: object) =>
    ['upstream', 'downstream'].map(
      stream => `curl -s -d '${JSON.stringify({ type, stream, attributes })}' $P/$L/toxics`,
    );
  const [latencyOut = '', latencyBack = ''] = toxics('latency', { latency: 100 });
  const [blackholeOut = '', blackholeBack = ''] = toxics('timeout', { timeout: 0 });
  const rows = [
    [`P=${url}/proxies; L=${name}`, 'a link for the commands below'],
    ['curl -s $P', `list the links: ${prefix}<who dials>.<whom>.<port>`],
    [latencyOut, 'delay what the dialer sends by 100 ms ...'],
    [latencyBack, '... and what it receives'],
    [blackholeOut, 'drop all that the dialer sends (blackhole) ...'],
    [blackholeBack, '... and all that it receives'],
    [`curl -s -d '{"enabled":false}' $P/$L`, 'refuse its connections'],
    ...(prefix === '' ? [[`curl -s -X POST ${url}/reset`, 'heal all links']] : HEALS),
    ...processRows(up),
  ];
  return [...commandLines(rows), ...cutLines(up, prefix), ...pastProxies(up.members)];
}

/** Where members have networks of their own: the devices and the queues of their links. */
export function networkHints(up: UpDescription): string[] {
  const { name, network } = leaderOf(up);
  const { space, farEnd } = network!;
  const rows = [
    [
      `ip -n ${farEnd.space} link set ${farEnd.device} down`,
      `cut ${name} off; up instead of down brings it back`,
    ],
    [`tc -n ${space} -s qdisc show dev eth0`, `what limits what ${name} sends, and how often it had to wait`],
    [`ip netns exec ${space} ss -ti`, `connections of ${name}, as it sees them`],
    ...processRows(up),
  ];
  return commandLines(rows);
}

function processRows(up: UpDescription): string[][] {
  const { pid, name } = leaderOf(up);
  return [
    [`kill -STOP ${pid}`, `pause ${name}; kill -CONT continues it`],
    [`kill -9 ${pid}`, `end ${name}`],
    [`kill -USR2 ${up.pid}`, 'start ended members again, on their data and their links'],
  ];
}

function leaderOf({ members }: UpDescription): UpMember {
  return members.find(({ mode }) => mode === 'leader') ?? members[0]!;
}

function commandLines(rows: readonly string[][]): string[] {
  const lines = table(rows.map(([command = '', what = '']) => [`  ${command}`, `# ${what}`]));
  return lines.trimEnd().split('\n');
}

/** A reset would heal the links of other labs as well. */
const HEALS = [
  ['curl -s -X DELETE $P/$L/toxics/timeout_upstream', 'take one toxic away'],
  [`curl -s -d '{"enabled":true}' $P/$L`, 'accept connections again'],
];

/** Cutting a member off takes the links that it dials and those that dial it. */
function cutLines({ members, observerMasters }: UpDescription, prefix: string): string[] {
  const victim = members.find(({ mode }) => mode === 'follower') ?? members.at(-1)!;
  const others = members.filter(({ name }) => name !== victim.name).map(({ name }) => name);
  if (others.length === 0 || !members.every(({ implementation }) => dialsThroughProxies(implementation)))
    return [];
  const kinds = observerMasters ? 'election quorum observerMaster' : 'election quorum';
  const each = `for m in ${others.join(' ')}; do for k in ${kinds}; do for l in ${victim.name}.$m.$k $m.${victim.name}.$k; do`;
  const set = `curl -s -o /dev/null -d '{"enabled":false}' $P/${prefix}$l`;
  return [
    `  # cut ${victim.name} off, both ways; with true instead of false it is back:`,
    `  ${each} ${set}; done; done; done`,
  ];
}

function pastProxies(members: readonly UpMember[]): string[] {
  const others = members
    .filter(({ implementation }) => !dialsThroughProxies(implementation))
    .map(({ name }) => name);
  if (others.length === 0) return [];
  return [
    `${others.join(', ')}: what they dial goes past the proxies, because nothing leads them there.`,
    'Their clients can be cut off, and what members of zklab dial; to break anything else of them, pause or kill them.',
  ];
}
