/** The command line as a person uses it: what it accepts, how it refuses, and that Ctrl-C leaves nothing. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { assert, suite, temporaryFolder, until } from '#test';
import { identityOf } from '../../bench/hosts/process-identity.ts';
import { ZkClient } from '../../bench/load/client/client.ts';
import type { UpDescription } from '../../chaos/up-description.ts';
import { readEvents } from '../../results/events.ts';
import { minimalResult } from '../../results/fixtures/minimal.ts';
import { answersTo, ZKLAB, zklab } from './front-door.test-kit.ts';

const test = suite('front door');
const DEADLINE = { deadlineMs: 400_000 };

const REFUSED: readonly (readonly [args: string, says: string])[] = [
  ['nothing', "unknown command 'nothing'"],
  ['doctr', 'Did you mean doctor?'],
  ['doctor --jsn', 'Did you mean --json?'],
  ['bench per', 'bench "per": accepted are the suites '],
  ['bench peer --rounds 0', 'A whole number from 1 to 1000 is accepted.'],
  ['claims --suite fast', 'suite "fast": accepted are full, '],
  ['claims --suite payload-sizes', 'this suite is a matrix; zklab bench payload-sizes measures it'],
  ['bench quick', 'this suite has no matrix; zklab claims --suite quick measures it'],
  ['schema suit', 'accepted are suite, topology'],
  ['claims --only 004-2,W9', 'unknown W9; accepted are 004-2'],
  ['claims --server etcd', 'accepted are zklab, apache'],
  ['recheck no-such-run', 'no run "no-such-run"'],
  ['up', "missing required argument 'topology'"],
  ['chaos nothing', 'schedule "nothing": accepted are nightly, smoke, or a .yaml file'],
  ['chaos smoke --topology votres=3', '--topology: topology "votres=3"'],
  ['chaos smoke --seed one', 'A whole number from 0'],
  ['chaos smoke --server etcd', '--server etcd: accepted are zklab, apache'],
  ['chaos smoke --for 8', 'A time with its unit'],
  ['fault kill', 'no zklab up runs; start one'],
  ['heal x', 'A whole number from 1'],
  ['up obsrvers', 'accepted are voters, observers, masters'],
  ['up voters=3 masters=on', 'masters=on, but there are no observers'],
  ['sim --seed 1 --debug', '--debug is accepted only with --replay'],
  ['list sutes', 'no list is named "sutes"; accepted are claims, gates, suites'],
  ['list constructor', 'no list is named "constructor"; accepted are claims'],
  ['sim --seed 1 --seeds 2', '--seeds and --first are accepted only without --seed'],
  ['sim --replay no-such.plan.json', 'no-such.plan.json'],
  ['sim --replay a.plan.json --voters 5', 'so --voters is accepted only without --replay'],
  ['recheck chaos/no-such', 'does not exist'],
  ['report no-such-run', 'no run "no-such-run"'],
  ['micro no-such-task', 'no task matches'],
  ['predict --topology voters=3 --rate 5 --nic 1gb', '--nic 1gb: accepted is'],
  ['predict --topology voters=3 --rate 5 --from no-such-run', 'no run "no-such-run"'],
];

test(
  'usage errors exit with 2 and one clear message, never a stack',
  async () => {
    const answers = await answersTo(REFUSED.map(([args]) => args.split(' ')));
    for (const [at, [args, says]] of REFUSED.entries()) {
      const { exitCode, stdout, stderr } = answers[at]!;
      assert.is(exitCode, 2, `${args}: ${stderr}`);
      assert.ok(stderr.includes(says), `${args} says: ${stderr}`);
      assert.is(stdout, '');
      assert.not.match(stderr, /\n\s+at /);
    }
  },
  DEADLINE,
);

test('a process for each command gives the answers that one process gives to several', async () => {
  const commands = [
    ['bench', 'per'],
    ['list', 'gates', '--json'],
    ['sim', '--help'],
  ];
  const alone = await Promise.all(commands.map(words => zklab(...words)));
  assert.equal(
    await answersTo(commands),
    alone.map(({ exitCode = -1, stdout, stderr }) => ({ exitCode, stdout, stderr })),
  );
  assert.equal(
    alone.map(({ exitCode }) => exitCode),
    [2, 0, 0],
  );
});

test(
  'the help of every command ends with an example of it',
  async () => {
    const [all, ofBench] = await answersTo([['--help'], ['bench', '--help']]);
    const commands = subcommands(all!.stdout);
    assert.ok(commands.includes('claims') && commands.includes('doctor'), commands.join(' '));
    const bench = subcommands(ofBench!.stdout).map(name => `bench ${name}`);
    assert.ok(bench.length >= 3, bench.join(' '));
    const asked = ['', ...commands.filter(name => name !== 'bench'), ...bench];
    const helps = await answersTo(asked.map(command => [...command.split(' ').filter(Boolean), '--help']));
    for (const [at, command] of asked.entries()) {
      const { exitCode, stdout } = helps[at]!;
      assert.is(exitCode, 0);
      // A suite needs no name of a command.
      const written = command === 'bench suite' ? 'bench payload-sizes' : command;
      assert.match(stdout, new RegExp(`Example:\\n  zklab ${written}`), `zklab ${command} --help`);
    }
  },
  DEADLINE,
);

test('--version prints the versions of the lab and of its server', async () => {
  const { exitCode, stdout } = await zklab('--version');
  assert.is(exitCode, 0);
  assert.match(stdout, /^zklab (\d+\.\d+\.\d+), server [\d.]+-zklab-\1$/);
});

test('an answer that cannot be written is a failure: a full disk, a reader that has gone', async () => {
  const through = (script: string) =>
    execa('bash', ['-c', script, process.execPath, ZKLAB], { reject: false, stdin: 'ignore' });
  const full = await through('"$0" "$1" list gates --json > /dev/full');
  assert.is(full.exitCode, 1);
  assert.match(full.stderr, /^zklab: the answer could not be written: .*ENOSPC/);
  // The reader is gone before anything is written: a substitution that ends at once.
  const gone = await through('exec 3> >(exec true); wait $!; "$0" "$1" list gates --json >&3');
  assert.is(gone.exitCode, 1);
  assert.match(gone.stderr, /^zklab: the answer could not be written: .*EPIPE/);
});

test('a command that watches for no signal is ended by the first, and does not exit with 0', async () => {
  // It asks Java, Go and a browser for their versions, one after the other.
  const child = zklab('doctor');
  await until(() => catchesSignals(child.pid!), { deadlineMs: 60_000, what: 'the command to catch signals' });
  child.kill('SIGINT');
  assert.is((await child).exitCode, 130);
});

test('list prints everything that exists, one line each', async () => {
  const { exitCode, stdout } = await zklab('list', '--json');
  assert.is(exitCode, 0);
  const lists = JSON.parse(stdout) as Record<string, readonly { name: string; description: string }[]>;
  const known = {
    claims: '004-2',
    gates: 'default',
    suites: 'quick',
    topologies: 'masters',
    faults: 'blackhole',
    'simulation-faults': 'majority-loss',
    workloads: 'registers',
    operations: 'lock',
    checkers: 'acknowledged writes',
    schedules: 'smoke',
  };
  assert.equal(Object.keys(lists), Object.keys(known));
  for (const [kind, name] of Object.entries(known)) {
    const entries = lists[kind] ?? [];
    assert.ok(
      entries.some(entry => entry.name === name),
      `${kind}: ${entries.map(entry => entry.name)}`,
    );
    for (const entry of entries) assert.match(entry.description, /^\S[^\n]{5,}$/, `${kind} ${entry.name}`);
  }
});

/** The names in the list of commands of a help text. */
function subcommands(help: string): string[] {
  const listed = help.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? '';
  return [...listed.matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => name).filter(name => name !== 'help');
}

test(
  'up: clients can connect through the proxies; Ctrl-C ends every process and removes the folder',
  async () => {
    const runs = temporaryFolder();
    const child = execa(process.execPath, [ZKLAB, 'up', 'voters=3', 'observers=1', 'masters=on', '--json'], {
      reject: false,
      detached: true,
      env: { ZKLAB_RUNS: runs },
    });
    let printed = '';
    child.stdout.on('data', (text: Buffer) => {
      printed += text;
    });
    const up = await until(() => JSON.parse(printed) as UpDescription, {
      deadlineMs: 180_000,
      what: 'the ensemble',
    });
    assert.equal(up.members.map(({ mode }) => mode).sort(), ['follower', 'follower', 'leader', 'observer']);
    const client = await ZkClient.connect(up.connectString);
    await client.create('/through', 'proxies');
    await client.close();
    const proxies = (await (await fetch(`${up.toxiproxy!.url}/proxies`)).json()) as Record<string, unknown>;
    assert.ok(up.link !== undefined && up.link in proxies, `${up.link} is one of ${Object.keys(proxies)}`);

    // A terminal sends the signal to every process of the foreground group.
    process.kill(-child.pid!, 'SIGINT');
    const { exitCode, stderr } = await child;
    assert.is(exitCode, 0, stderr);
    assert.equal(
      up.members.filter(({ pid }) => identityOf(pid)),
      [],
    );
    assert.not(existsSync(dirname(up.members[0]!.folder)));
    assert.match(await fetch(up.toxiproxy!.url).then(String, String), 'fetch failed');
    const [id = ''] = readdirSync(join(runs, 'up'));
    const told = readEvents(join(runs, 'up', id)).map(event =>
      event.kind === 'member' ? `${event.member} ${event.state}` : event.kind,
    );
    assert.equal(told.slice(0, 2), ['plan', 'phase']);
    for (const { name } of up.members) assert.ok(told.includes(`${name} down`), told.join());
  },
  DEADLINE,
);

test(
  'up: a member that is killed is named and started again at SIGUSR2; a Toxiproxy that ends is told, and fails',
  async () => {
    const child = execa(process.execPath, [ZKLAB, 'up', 'voters=1', 'observers=1', '--json'], {
      reject: false,
      env: { ZKLAB_RUNS: temporaryFolder() },
    });
    const said = { out: '', err: '' };
    child.stdout.on('data', (text: Buffer) => {
      said.out += text;
    });
    child.stderr.on('data', (text: Buffer) => {
      said.err += text;
    });
    const heard = (what: string) =>
      until(() => said.err.includes(what), { deadlineMs: 120_000, what: `"${what}" in ${said.err}` });
    const up = await until(() => JSON.parse(said.out) as UpDescription, {
      deadlineMs: 180_000,
      what: 'the ensemble',
    });
    process.kill(up.members[1]!.pid, 'SIGKILL');
    await heard('o1 ended with signal SIGKILL; its log ends:');
    process.kill(up.pid, 'SIGUSR2');
    await heard('o1 was started again, as process');
    // Whoever has the port has the process: the one that serves the API of Toxiproxy.
    const owner = ownerOf(Number(new URL(up.toxiproxy!.url).port));
    process.kill(owner, 'SIGKILL');
    await heard('ended by itself with signal SIGKILL: links that lead through it work no more');
    child.kill('SIGINT');
    assert.is((await child).exitCode, 1, said.err);
  },
  DEADLINE,
);

/** The process that listens on a port of the loopback interface. */
function ownerOf(port: number): number {
  const inode = readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .find(([, local = '', , state]) => state === '0A' && local.endsWith(`:${hex(port)}`))?.[9];
  const owner = readdirSync('/proc').find(
    pid => /^\d+$/.test(pid) && socketsOf(pid).includes(`socket:[${inode}]`),
  );
  assert.ok(owner !== undefined, `who listens on ${port}`);
  return Number(owner);
}

/**
 * Whether the front door's own handlers are there: the last of them is that of SIGHUP, bit 0 of the mask.
 * Node.js itself catches SIGINT from its start. @see proc(5)
 */
function catchesSignals(pid: number): boolean {
  const mask = /^SigCgt:\s+(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0';
  return (BigInt(`0x${mask}`) & 1n) !== 0n;
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

function socketsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(fd => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

test(
  'a setting with which our server would not start is refused before any server starts',
  async () => {
    const file = join(temporaryFolder(), 'bad.yaml');
    writeFileSync(file, 'name: short\nvoters: 3\nsettings: { tickTime: soon }\n');
    const { exitCode, stderr } = await zklab('up', file);
    assert.is(exitCode, 2, stderr);
    assert.match(
      stderr,
      /topology short: settings of v1: tickTime=soon is not accepted; accepted is an integer/,
    );
  },
  DEADLINE,
);

for (const signal of ['SIGHUP', 'SIGTERM'] as const)
  test(
    `up: ${signal} before the ensemble is complete ends it, and leaves no folder`,
    async () => {
      const folder = temporaryFolder();
      const never = join(folder, 'never.yaml');
      writeFileSync(never, 'members: [{ implementation: { command: "tail -f {cfg}" } }]\n');
      const env = { TMPDIR: folder, XDG_RUNTIME_DIR: join(folder, 'register') };
      mkdirSync(join(env.XDG_RUNTIME_DIR, 'zklab'), { recursive: true, mode: 0o700 });
      const child = zklab('up', never, { env });
      await until(() => readdirSync(join(env.XDG_RUNTIME_DIR, 'zklab')).length > 1, {
        deadlineMs: 180_000,
        what: 'a Toxiproxy and a member in the register',
      });
      child.kill(signal);
      const { exitCode, stderr } = await child;
      assert.is(exitCode, 3, stderr);
      assert.equal(readdirSync(folder).sort(), ['never.yaml', 'register']);
    },
    DEADLINE,
  );

test(
  'recheck of a run without claims gives no verdict',
  async () => {
    const folder = runFolder(100);
    const file = join(folder, 'result.json');
    writeFileSync(file, JSON.stringify({ ...minimalResult(), claims: [] }));
    const { exitCode, stderr } = await zklab('recheck', folder);
    assert.is(exitCode, 2);
    assert.match(stderr, /has nothing to judge/);
  },
  DEADLINE,
);

test(
  'an error of the operating system is printed as one line, never a stack',
  async () => {
    const tooLong = join(temporaryFolder(), 'x'.repeat(300));
    const { exitCode, stderr } = await zklab('up', 'voters', { env: { TMPDIR: tooLong } });
    assert.is(exitCode, 1);
    assert.match(stderr, /^zklab: the operating system reported an error: ENAMETOOLONG.*x{300}[^\n]*$/);
  },
  DEADLINE,
);

test(
  'a folder that cannot be written is refused by name, and nothing is created',
  async () => {
    const missing = join(temporaryFolder(), 'missing');
    const up = await zklab('up', 'voters', { env: { TMPDIR: missing } });
    assert.is(up.exitCode, 2);
    assert.match(up.stderr, /^zklab: no temporary folder can be created in \S+\/missing: ENOENT.*TMPDIR/);
    assert.not.ok(existsSync(missing));
    const micro = await zklab('micro', 'jute', { env: { ZKLAB_RUNS: ZKLAB } });
    assert.is(micro.exitCode, 2);
    assert.match(micro.stderr, /^zklab: runs cannot be kept in \S+zklab\.js\/micro: ENOTDIR.*ZKLAB_RUNS/);
    const report = await zklab('report', runFolder(100), '--out', join(missing, 'page.html'));
    assert.is(report.exitCode, 2);
    assert.match(report.stderr, /^zklab: .*\/missing\/page\.html cannot be written: ENOENT.*$/);
  },
  DEADLINE,
);

test(
  'report and compare accept the path of a run, and a document that --json printed',
  async () => {
    const [a, b] = [runFolder(100), runFolder(101)];
    const out = join(a, 'page.html');
    const report = await zklab('report', a, '--out', out);
    assert.is(report.exitCode, 0, report.stderr);
    assert.match(report.stdout, `report: ${out}`);
    assert.ok(existsSync(out));
    const compared = await zklab('compare', a, b, '--gate', 'default', '--json');
    assert.is(compared.exitCode, 0, compared.stderr);
    assert.is(JSON.parse(compared.stdout).comparisons[0].rows[0].verdict, 'no difference shown');
    const junit = join(a, 'gate.xml');
    const gated = await zklab('compare', a, runFolder(50), '--gate', 'default', '--junit', junit);
    assert.is(gated.exitCode, 1, gated.stdout);
    assert.match(readFileSync(junit, 'utf8'), '<failure message=');
    const unjudged = await zklab('compare', runFolder(100, 2), runFolder(50, 2), '--gate', 'default');
    assert.is(unjudged.exitCode, 3, unjudged.stdout);
    const markdown = await zklab('compare', a, b, '--markdown', '-');
    assert.match(markdown.stdout, /^## \S+ against \S+\n/);
    const clash = await zklab('compare', a, b, '--json', '--markdown', '-');
    assert.is(clash.exitCode, 2);
    assert.match(clash.stderr, /^zklab: --json and --markdown - both write to standard output; [^\n]*$/);

    const saved = join(temporaryFolder(), 'monday.json');
    writeFileSync(saved, (await zklab('report', b, '--json')).stdout);
    const ofSaved = await zklab('report', saved);
    assert.is(ofSaved.exitCode, 0, ofSaved.stderr);
    assert.ok(existsSync(saved.replace('.json', '.html')), ofSaved.stdout);
    assert.is((await zklab('compare', saved, a)).exitCode, 0);
  },
  DEADLINE,
);

test(
  'doctor says what each thing is for',
  async () => {
    const { exitCode, stdout } = await zklab('doctor', '--json');
    assert.is(exitCode, 0);
    const { findings } = JSON.parse(stdout) as { findings: { name: string; usedFor: string }[] };
    for (const name of ['Toxiproxy', 'disk sync', 'loopback', 'Java', 'Apache ZooKeeper'])
      assert.ok(findings.find(finding => finding.name === name)?.usedFor, name);
  },
  DEADLINE,
);

test(
  'sim: a seed passes and reports how much happened',
  async () => {
    const { exitCode, stdout } = await zklab('sim', '--seed', '1', '--json');
    assert.is(exitCode, 0, stdout);
    assert.is(JSON.parse(stdout).passed, 1);
  },
  DEADLINE,
);

let runFolders = 0;

/** Each is another run: none may be on both sides of a comparison. */
function runFolder(writesPerSecond: number, rounds = 10): string {
  const folder = mkdtempSync(join(temporaryFolder(), 'run-'));
  const result = minimalResult();
  result.run.id = `2026-08-01T02-30-${String(runFolders++).padStart(2, '0')}Z-minimal`;
  const [measurement] = result.measurements;
  measurement!.samples = Array.from({ length: rounds }, (_, round) => ({
    round,
    value: writesPerSecond + round,
  }));
  writeFileSync(join(folder, 'result.json'), JSON.stringify(result));
  return folder;
}
