/**
 * `zklab chaos` that is killed with SIGKILL at a random moment: what the next start leaves of it is nothing.
 * Shows processes, folders, cgroups, namespaces and proxies; a moment that no run hits is not shown.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { assert, suite, temporaryFolder, until } from '#test';
import { noCpuBudget } from '../../bench/hosts/cpu-budget.ts';
import { LOCAL_HOST } from '../../bench/hosts/local-host.ts';
import { noMemoryLimit } from '../../bench/hosts/memory-limit.ts';
import { labOf } from '../../bench/hosts/network/network-commands.ts';
import { spaceNames } from '../../bench/hosts/network/run-commands.ts';
import { identityOf, isSameProcess, type ProcessIdentity } from '../../bench/hosts/process-identity.ts';

const test = suite('death of zklab chaos');
const ZKLAB = fileURLToPath(new URL('../../zklab.js', import.meta.url));
/** From the first sign of life on; faults begin after about a second. */
const MOMENT_MAX_MS = 6_000;
const GONE = { deadlineMs: 60_000 };
const GROUPS = ['cpu', 'cpu,cpuacct', 'memory', ''].map(name => join('/sys/fs/cgroup', name));

const target = '{ random: 2 }';
const SCHEDULE = `
description: everything that leaves something on the machine
topology: voters=3 observers=1
workload: { name: registers }
steps:
${noCpuBudget() ? '' : `  - { fault: cpu-starvation, target: ${target}, cores: 0.5, atMs: 0, forMs: 60000 }`}
${noMemoryLimit() ? '' : `  - { fault: memory-pressure, target: ${target}, mebibytes: 500, atMs: 0, forMs: 60000 }`}
  - { fault: pause, target: { role: follower }, atMs: 500, forMs: 60000 }
  - { fault: kill, target: { role: observer }, atMs: 1000, forMs: 60000 }
`;

test(
  'SIGKILL at a random moment: the next start leaves no process, folder, cgroup or namespace of it',
  async () => {
    const [runs, folder] = [temporaryFolder(), temporaryFolder()];
    const file = join(folder, 'schedule.yaml');
    writeFileSync(file, SCHEDULE);
    const before = new Set(temporaryFolders());
    const lab = execa(process.execPath, [ZKLAB, 'chaos', file], {
      env: { ZKLAB_RUNS: runs, TOXIPROXY_URL: 'stand-in' },
      reject: false,
      cleanup: true,
      all: true,
    });
    let said = '';
    lab.all.on('data', (text: Buffer) => {
      said += text;
    });
    await until(() => said.includes('seed ') || lab.exitCode !== null, { ...GONE, what: 'the lab' });
    const afterMs = Math.random() * MOMENT_MAX_MS;
    await new Promise(resolve => setTimeout(resolve, afterMs));
    const family = descendantsOf(lab.pid!);
    lab.kill('SIGKILL');
    await lab;
    process.stdout.write(
      `  killed ${Math.round(afterMs)} ms after its start, with ${family.length} processes\n`,
    );
    await until(
      () => {
        LOCAL_HOST.reap();
        return !family.some(isSameProcess) && groupsOf(lab.pid!).length === 0;
      },
      { ...GONE, what: 'an end of all that it started' },
    );
    assert.equal(
      spaceNames().filter(name => labOf(name) === lab.pid),
      [],
    );
    const left = temporaryFolders().filter(path => !before.has(path));
    assert.equal(
      left.filter(path => ownerOf(path) === lab.pid),
      [],
    );
  },
  { deadlineMs: 240_000 },
);

/** Those of `zklab chaos`; other labs may run on this machine. */
function temporaryFolders(): string[] {
  return readdirSync(tmpdir())
    .filter(name => name.startsWith('zklab-chaos-'))
    .map(name => join(tmpdir(), name));
}

/** The lab that wrote the configuration in it, by the register of the reaper; undefined once that is gone. */
function ownerOf(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const registers = readdirSync(tmpdir()).filter(name => name.startsWith('zklab-runtime-'));
  for (const register of registers)
    for (const name of readdirSync(join(tmpdir(), register))) {
      const text = readFileSync(join(tmpdir(), register, name), 'utf8');
      if (text.includes(path)) return (JSON.parse(text) as { lab: ProcessIdentity }).lab.pid;
    }
  return undefined;
}

function groupsOf(lab: number): string[] {
  return GROUPS.filter(existsSync)
    .flatMap(folder => readdirSync(folder).map(name => join(folder, name)))
    .filter(path => new RegExp(`/zklab-(memory-)?${lab}-\\d+$`).test(path));
}

/** Children with their children, as /proc has them. */
function descendantsOf(pid: number): ProcessIdentity[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended.
    }
  }
  const found = [pid];
  for (const each of found)
    found.push(...[...parents].flatMap(([child, parent]) => (parent === each ? [child] : [])));
  return found.slice(1).flatMap(each => identityOf(each) ?? []);
}
