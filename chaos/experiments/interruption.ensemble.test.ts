/** Ctrl-C in a long run, as a terminal sends it: the measurements are kept, and nothing is left running. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { assert, suite, temporaryFolder, until } from '#test';
import { readEvents } from '../../results/events.ts';
import { CONDITIONS } from '../../results/names.ts';
import { loadRun } from '../../results/store.ts';
import { startStandIn } from '../toxiproxy/start-stand-in.ts';

const test = suite('zklab claims: Ctrl-C');
const DEADLINE = { deadlineMs: 400_000 };
const ZKLAB = fileURLToPath(new URL('../../zklab.js', import.meta.url));
const TINY = readFileSync(new URL('../../../chaos/experiments/testing/tiny.yaml', import.meta.url), 'utf8');

test(
  'the first Ctrl-C judges the complete rounds, says so and exits as void; no process, port, proxy or folder is left',
  () =>
    withRun(async ({ interrupt, counted, ended, runs, left }) => {
      await counted();
      interrupt();
      const { exitCode, stdout, stderr } = await ended;
      assert.is(exitCode, 3, stderr);
      await left();
      const result = await loadRun('latest', runs);
      const rounds = Number(/^after (\d+) of 500 rounds of writes$/.exec(result.validity.interrupted!)?.[1]);
      assert.ok(rounds >= 1, result.validity.interrupted);
      assert.not.ok(result.validity.void);
      for (const { id, samples, summary } of result.measurements.filter(
        each => each.metric === 'writeThroughput',
      ))
        assert.is(
          samples.length + summary.warnings.filter(each => each.startsWith('void round')).length,
          rounds,
          id,
        );
      const verdicts = new Map(result.claims.map(({ id, verdict }) => [id, verdict]));
      // Counted, so one round shows it. With many void rounds, as of a busy machine, there is no verdict.
      const spoilt = result.measurements.some(
        ({ metric, summary }) => metric === 'writeThroughput' && summary.warnings.length > 0,
      );
      const said = verdicts.get('000-4') ?? 'not judged';
      assert.ok(said === 'holds' || (spoilt && said === 'void'), said);
      if (rounds < 5)
        assert.is.not(verdicts.get('000-2'), 'holds', 'too few rounds for any verdict with a clock');
      assert.match(stdout, /Interrupted after \d+ of 500 rounds of writes/);
      assert.match(stdout, join(runs, result.run.id, 'result.json'));
      assert.match(readFileSync(join(runs, result.run.id, 'report.html'), 'utf8'), 'Interrupted after');
      assert.ok(readdirSync(join(runs, result.run.id, 'logs')).includes('voters-v1.log'));
    }),
  DEADLINE,
);

test(
  'before the first round is complete there is nothing to judge, and no run is kept',
  () =>
    withRun(async ({ interrupt, said, ended, runs, left }) => {
      await said('topologies up');
      interrupt();
      const { exitCode, stdout, stderr } = await ended;
      assert.is(exitCode, 3, stderr);
      assert.match(stdout, /^interrupted before the first round was complete/);
      assert.equal(readdirSync(runs), []);
      await left();
    }),
  DEADLINE,
);

test(
  'the second Ctrl-C ends at once, and leaves no process, port, proxy or folder, but the events of what was measured',
  () =>
    withRun(async ({ interrupt, counted, said, ended, runs, left, toxiproxyStands }) => {
      await counted();
      // A stopped Toxiproxy removes no proxies, so the first Ctrl-C cannot complete before the second comes.
      toxiproxyStands('SIGSTOP');
      interrupt();
      await said('interrupted: everything is being stopped');
      interrupt();
      toxiproxyStands('SIGCONT');
      const { exitCode, stdout, stderr } = await ended;
      assert.is(exitCode, 130, stderr);
      assert.is(stdout, '');
      await left();
      const [run = '', ...others] = readdirSync(runs);
      // The first Ctrl-C may have begun to keep the logs.
      const kept = readdirSync(join(runs, run)).filter(name => name !== 'logs');
      assert.equal([others, kept], [[], ['events.ndjson']]);
      assert.ok(readEvents(join(runs, run)).some(({ kind }) => kind === 'sample'));
    }),
  DEADLINE,
);

interface Run {
  interrupt(): void;
  said(text: string): Promise<unknown>;
  /** Waits until a round that counts is complete: on a busy machine the first may be void. */
  counted(): Promise<unknown>;
  readonly ended: Promise<{ exitCode?: number | undefined; stdout: string; stderr: string }>;
  readonly runs: string;
  toxiproxyStands(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Waits until none of it is left. */
  left(): Promise<void>;
}

/**
 * Uses a Toxiproxy that the lab did not start, whose proxies would stay, and a temporary folder of its own.
 */
async function withRun(body: (run: Run) => Promise<void>): Promise<void> {
  const toxiproxy = await startStandIn({ seed: 1 });
  const [folder, runs, inputs] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
  const file = join(inputs, 'long.yaml');
  writeFileSync(file, TINY.replace('rounds: 1\n', 'rounds: 500\n'));
  const env = { TMPDIR: folder, XDG_RUNTIME_DIR: folder, ZKLAB_RUNS: runs, TOXIPROXY_URL: toxiproxy.url };
  const child = execa(process.execPath, [ZKLAB, 'claims', '--suite', file, '--only', '000-2,000-4'], {
    reject: false,
    stdin: 'ignore',
    detached: true,
    env,
  });
  let progress = '';
  child.stderr.on('data', (text: Buffer) => {
    progress += text;
  });
  const proxies = async () => Object.keys((await (await fetch(`${toxiproxy.url}/proxies`)).json()) as object);
  try {
    await body({
      // A terminal sends the signal to every process of the foreground group.
      interrupt: () => process.kill(-child.pid!, 'SIGINT'),
      said: text =>
        until(() => progress.includes(text), { deadlineMs: 120_000, what: `"${text}" in ${progress}` }),
      counted: () =>
        until(() => isCounted(join(runs, readdirSync(runs)[0]!)), {
          deadlineMs: 180_000,
          what: `a round that counts in ${progress}`,
        }),
      ended: child,
      runs,
      toxiproxyStands: signal => process.kill(toxiproxy.pid!, signal),
      async left() {
        await until(() => processesIn(folder).length === 0, {
          deadlineMs: 60_000,
          what: 'its processes to end',
        });
        assert.equal(await proxies(), []);
        assert.equal(
          readdirSync(folder).filter(name => name.startsWith('zklab-')),
          [],
        );
      },
    });
  } finally {
    process.kill(toxiproxy.pid!, 'SIGCONT');
    for (const pid of processesIn(folder)) process.kill(pid, 'SIGKILL');
    await child;
    await toxiproxy.stop();
  }
}

/** Whether the observers of the run have been loaded without being void, and the next round has begun. */
function isCounted(folder: string): boolean {
  const events = readEvents(folder);
  const counted = events.find(
    event =>
      event.kind === 'sample' &&
      event.metric === 'writeThroughput' &&
      event.topology === 'masters' &&
      event.condition === CONDITIONS.healthy &&
      event.void === undefined,
  );
  return events.some(
    event => event.kind === 'round' && event.round > 0 && event.at > (counted?.at ?? Infinity),
  );
}

/**
 * Every process that was started with this temporary folder, by whomever: members, drivers, placebos. Zombies
 * have no environment, so they are not found.
 */
function processesIn(folder: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => environmentOf(pid).includes(`TMPDIR=${folder}\0`));
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}
