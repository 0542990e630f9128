/**
 * `zklab doctor`: what this machine offers the lab, what each thing is for, and how to get what is missing.
 */
import { existsSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { execa } from 'execa';
import { EXIT_CODES, type ExitCode } from '../results/verdicts.ts';
import { APACHE_RELEASE, installedReleases } from './hosts/apache/cache.ts';
import { APACHE_HINT, findApacheZooKeeper } from './hosts/apache-zookeeper.ts';
import { findCpuController } from './hosts/cpu-controller.ts';
import { findSetpriv } from './hosts/dies-with-parent.ts';
import { findMemoryController } from './hosts/memory-limit.ts';
import { networkSupport } from './hosts/network/network-support.ts';
import { diskSync, loopbackRoundTrip } from './measure/environment.ts';
import { fittedTable, outputColumns, type Terminal } from './terminal.ts';

export interface Finding {
  readonly name: string;
  /** `missing` and `partly` leave out a part of what the lab can do. The rest works. */
  readonly state: 'ok' | 'partly' | 'missing';
  /** Version, place or measured value. */
  readonly found: string;
  readonly usedFor: string;
  /** How to get what is missing; undefined when nothing is. */
  readonly howToGet: string | undefined;
}

export interface Check {
  readonly name: string;
  readonly usedFor: string;
  readonly howToGet: string;
  /** Null when it is missing. */
  look(): Promise<string | { readonly partly: string } | null>;
}

const COMMAND_MAX_MS = 10_000;

export const MACHINE_CHECKS: readonly Check[] = [
  {
    name: 'cores and memory',
    usedFor: 'running members side by side: they share these',
    howToGet: '',
    look: async () => `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  },
  {
    name: 'disk sync',
    usedFor: 'judging write latency: every committed write waits for it',
    howToGet: `a temporary folder that can be written (TMPDIR, now ${tmpdir()})`,
    look: async () => {
      const sync = await diskSync(tmpdir());
      return sync && `${sync.medianUs} µs median, ${sync.maxUs} µs at most, ${sync.samples} syncs`;
    },
  },
  {
    name: 'loopback',
    usedFor: 'judging every latency: the least a message can cost here',
    howToGet: '',
    look: async () => {
      const { medianUs, maxUs, samples } = await loopbackRoundTrip();
      return `${medianUs} µs there and back, ${maxUs} µs at most, ${samples} round trips`;
    },
  },
  {
    name: 'CPU budgets',
    usedFor: 'what a role costs: members that cannot take CPU from one another',
    howToGet: 'root, and a cpu controller of cgroups that can be written',
    look: async () => {
      const found = findCpuController();
      return typeof found === 'string' ? { partly: found } : `cgroups in ${found.folder}`;
    },
  },
  {
    name: 'memory limits',
    usedFor: 'the fault memory-pressure',
    howToGet: 'root, and a memory controller of cgroups that can be written',
    look: async () => {
      const found = findMemoryController();
      return typeof found === 'string' ? { partly: found } : `cgroups in ${found.folder}`;
    },
  },
  {
    name: 'bandwidth of links',
    usedFor: 'members with `bandwidth`, and storms of observers (004-18b)',
    howToGet: 'root, apt-get install iproute2 util-linux, and a kernel with veth, bridge and sch_tbf',
    look: async () => {
      const { bandwidth } = await networkSupport();
      return bandwidth === undefined ? 'network namespaces, limited by tc tbf' : { partly: bandwidth };
    },
  },
  {
    name: 'delay of links',
    usedFor: 'members with `delay`; links can be slow through Toxiproxy without it',
    howToGet: 'the same, and a kernel with sch_netem',
    look: async () => {
      const { delay } = await networkSupport();
      return delay === undefined ? 'network namespaces, delayed by tc netem' : { partly: delay };
    },
  },
  {
    name: 'setpriv',
    usedFor: 'ending JVMs and other commands whose lab was killed; else the next lab does',
    howToGet: 'apt-get install util-linux',
    look: async () => findSetpriv() ?? null,
  },
  {
    name: 'Java',
    usedFor: 'Apache ZooKeeper',
    howToGet: 'apt-get install default-jre-headless',
    look: async () => /version "([^"]+)"/.exec((await said('java', ['-version'])) ?? '')?.[1] ?? null,
  },
  {
    name: 'Apache ZooKeeper',
    usedFor: 'bench peer, and members with server=apache',
    howToGet: APACHE_HINT,
    look: async () => findApacheZooKeeper()?.version ?? null,
  },
  {
    name: 'Apache releases',
    usedFor: 'members with server=apache@RELEASE, and tests beside a newer release',
    howToGet: `apt-get install maven, then npm run apache:install (takes ${APACHE_RELEASE}, or the release behind --)`,
    look: async () => {
      const releases = installedReleases();
      const found = releases.join(', ');
      if (releases.length === 0) return null;
      return releases.includes(APACHE_RELEASE) ? found : { partly: found };
    },
  },
  {
    name: 'Go',
    usedFor: 'npm run toxiproxy:install',
    howToGet: 'apt-get install golang-go',
    look: async () => /go(\d[\w.]*)/.exec((await said('go', ['version'])) ?? '')?.[1] ?? null,
  },
  {
    name: 'kazoo',
    usedFor: 'tests of our server with a Python client',
    howToGet: 'apt-get install python3-kazoo',
    look: async () => said('/usr/bin/python3', ['-c', 'import kazoo; print(kazoo.__version__)']),
  },
  {
    name: 'cli_mt',
    usedFor: 'tests of our server with the C client',
    howToGet: 'apt-get install zookeeper-bin',
    look: async () => ['/usr/lib/zookeeper/bin/cli_mt', '/usr/bin/cli_mt'].find(existsSync) ?? null,
  },
  {
    name: 'NATS',
    usedFor: 'tests of the commit stream',
    howToGet: 'apt-get install nats-server',
    look: async () => /v([\d.]+)/.exec((await said('nats-server', ['--version'])) ?? '')?.[1] ?? null,
  },
  {
    name: 'Redis',
    usedFor: 'tests of the commit stream',
    howToGet: 'apt-get install redis-server',
    look: async () => /v=([\d.]+)/.exec((await said('redis-server', ['--version'])) ?? '')?.[1] ?? null,
  },
  {
    name: 'Chromium',
    usedFor: 'tests of the reports; reading one needs any browser',
    howToGet: 'apt-get install chromium',
    look: async () =>
      /\d+\.[\d.]+/.exec((await said(process.env.CHROMIUM_PATH ?? 'chromium', ['--version'])) ?? '')?.[0] ??
      null,
  },
];

/** @param more checks from folders that this one may not import */
export async function doctor(
  terminal: Terminal,
  options: { json?: boolean; more?: readonly Check[] } = {},
): Promise<ExitCode> {
  const checks = [...(options.more ?? []), ...MACHINE_CHECKS];
  const findings: Finding[] = [];
  // One after the other, so that measuring checks do not disturb each other.
  for (const check of checks) findings.push(await examine(check));
  if (options.json) terminal.json({ findings });
  else terminal.print(findingsText(findings, outputColumns()));
  return EXIT_CODES.holds;
}

export async function examine({ name, usedFor, howToGet, look }: Check): Promise<Finding> {
  const found = await look().catch((error: Error) => ({ partly: error.message.split('\n', 1)[0]! }));
  if (typeof found === 'string') return { name, state: 'ok', found, usedFor, howToGet: undefined };
  if (found === null) return { name, state: 'missing', found: 'not found', usedFor, howToGet };
  return { name, state: 'partly', found: found.partly, usedFor, howToGet };
}

const MARKS = { ok: '+', partly: '~', missing: '-' } as const;

export function findingsText(findings: readonly Finding[], widthColumns = Number.POSITIVE_INFINITY): string {
  return fittedTable(
    findings.map(({ name, state, found, usedFor, howToGet }) => [
      `${MARKS[state]} ${name}`,
      found,
      `for ${usedFor}${howToGet ? `; to get it: ${howToGet}` : ''}`,
    ]),
    widthColumns,
  );
}

/** The output of a command on either stream; null when the command fails or does not exist. */
async function said(command: string, args: readonly string[]): Promise<string | null> {
  const { exitCode, all } = await execa(command, [...args], {
    reject: false,
    all: true,
    timeout: COMMAND_MAX_MS,
  });
  return exitCode === 0 ? all.trim() : null;
}
