/** The examples work: what they run exists, and the programs that read them find nothing wrong. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import { assert, suite, temporaryFolder } from '#test';
import { duration } from '../../bench/duration.ts';
import { NIGHT_PARTS } from '../../results/night.ts';

const test = suite('chaos/nights: examples');
const ROOT = join(import.meta.dirname, '../../..');
const EXAMPLES = join(ROOT, 'chaos/nights/examples');
const text = (name: string) => readFileSync(join(EXAMPLES, name), 'utf8');

/** Options of `zklab night` in a command, as its command line knows them. */
function checkNight(command: string): void {
  const [, options = ''] = /dist\/zklab\.js night (.+)$/.exec(command) ?? [];
  assert.ok(options !== '', command);
  const known = readFileSync(join(ROOT, 'zklab.ts'), 'utf8');
  for (const [option] of options.matchAll(/--[a-z]+/g)) assert.ok(known.includes(option), option);
  const time = /--for "?(?:\$\{\{.*?'(\w+)' \}\}|(\w+))/.exec(options);
  assert.ok(duration(60_000, 48 * 3_600_000)(time?.[1] ?? time?.[2] ?? '') > 0, options);
  for (const part of /--only (\S+)/.exec(options)?.[1]?.split(',') ?? [])
    assert.ok(
      NIGHT_PARTS.some(each => each === part),
      part,
    );
}

test('the service starts a night in a checkout, and its timer starts the service', () => {
  const service = text('zklab-night.service');
  checkNight(/^ExecStart=(.+)$/m.exec(service)?.[1] ?? '');
  assert.ok(existsSync(join(ROOT, 'chaos/docs/nights.md')), 'its documentation');
  const timer = text('zklab-night.timer');
  assert.match(timer, /^OnCalendar=\S+ \d\d:\d\d:\d\d$/m);
  assert.not.match(timer, /^Unit=/m, 'so the service of the same name');
  for (const file of service.match(/chaos\/nights\/examples\/\S+/g) ?? [])
    assert.ok(
      readdirSync(EXAMPLES).some(name => name.startsWith('zklab-night.')),
      file,
    );
});

test('systemd finds nothing wrong with them, where there is systemd', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'zklab'));
  for (const name of ['zklab-night.service', 'zklab-night.timer'])
    writeFileSync(join(folder, name), text(name).replaceAll('%h', folder));
  const units = ['service', 'timer'].map(kind => join(folder, `zklab-night.${kind}`));
  const { exitCode, stderr } = await execa('systemd-analyze', ['verify', '--man=no', ...units], {
    reject: false,
  });
  // Without systemd there is nobody to ask; the other tests say what they can.
  if (exitCode === undefined) return;
  const wrong = stderr.split('\n').filter(line => line.includes('zklab-night'));
  assert.equal([exitCode, wrong], [0, []]);
});

test('the workflow is YAML with the keys that GitHub wants, and each of its steps runs something', () => {
  const workflow = parse(text('github-night.yml')) as {
    on: { schedule: { cron: string }[]; workflow_dispatch: { inputs: Record<string, unknown> } };
    permissions: unknown;
    jobs: Record<string, { 'runs-on': string; 'timeout-minutes': number; steps: Record<string, string>[] }>;
  };
  assert.match(workflow.on.schedule[0]!.cron, /^\d+ \d+ \* \* \*$/);
  const { night } = workflow.jobs;
  assert.ok(night!['timeout-minutes'] <= 360, 'a job of a hosted runner ends after six hours');
  for (const step of night!.steps) assert.ok('uses' in step || 'run' in step, JSON.stringify(step));
  for (const { uses } of night!.steps) if (uses !== undefined) assert.match(uses, /^actions\/[\w/-]+@v\d+$/);
  const runs = night!.steps.flatMap(({ run }) => run ?? []);
  checkNight(runs.find(run => run.includes('zklab.js')) ?? '');
  const { inputs } = workflow.on.workflow_dispatch;
  for (const [, input] of text('github-night.yml').matchAll(/inputs\.(\w+)/g))
    assert.ok(input! in inputs, input);
});

test('the step that shows the summary finds that of the last night', async () => {
  const workflow = parse(text('github-night.yml')) as {
    jobs: { night: { steps: Record<string, string>[] } };
  };
  const { run = '' } = workflow.jobs.night.steps.find(({ name }) => name === 'Summary') ?? {};
  const folder = temporaryFolder();
  for (const [night, summary] of [
    ['2026-08-01T22-00-00Z-night', 'old'],
    ['2026-08-02T22-00-00Z-night', 'new'],
  ] as const) {
    mkdirSync(join(folder, 'runs/night', night), { recursive: true });
    writeFileSync(join(folder, 'runs/night', night, 'night.md'), summary);
  }
  const file = join(folder, 'summary');
  await execa('sh', ['-ec', run], { cwd: folder, env: { GITHUB_STEP_SUMMARY: file } });
  assert.is(readFileSync(file, 'utf8'), 'new');
});
