/** A campaign on planted servers: what fails is found, run again, shrunk on real processes, and written. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, bundled, suite, temporaryFolder } from '#test';
import { CAMPAIGN_FILE, type CampaignResult, campaignResultSchema } from '../../results/campaign.ts';
import type { Result } from '../../results/schema.ts';
import type { Campaign } from '../schedules/campaign-schema.ts';
import { drawRun } from '../schedules/draw-run.ts';
import { parseSchedule } from '../schedules/index.ts';
import { chaos } from './chaos-command.ts';

const test = suite('zklab chaos: campaigns');
const DEADLINE = { deadlineMs: 400_000 };
const FORGETFUL = await bundled(fileURLToPath(new URL('../testing/forgetful-main.js', import.meta.url)));

/** One voter, so that its kill alone loses what it acknowledged; logs are written back after the test. */
const lone = (probability: number, draw: string) => `
description: kills and pauses of a server that forgets
settles: true
draw:
  topologies: [{ voters: 1, implementation: { command: "${process.execPath} ${FORGETFUL} {cfg} 600000 ${probability}" } }]
  workloads: [{ name: registers }]
  faults: [kill, pause]
  chaosMs: [2500, 3000]
  faultMs: [1000, 1200]
  pauseMs: [100, 300]
  calmMs: [300, 300]
${draw}`;

/** A seed whose first run has both kinds of fault. */
function seedWithBoth(text: string): number {
  const campaign = parseSchedule(text, 'schedule', 'schedule.yaml') as Campaign;
  const kindsOf = (seed: number) => new Set(drawRun(campaign, seed, 1).steps.map(({ fault }) => fault));
  return Array.from({ length: 100 }, (_, seed) => seed).find(seed => kindsOf(seed).size === 2)!;
}

function prepared(schedule: string) {
  const [runsRoot, folder] = [temporaryFolder(), temporaryFolder()];
  const printed: string[] = [];
  const terminal = {
    print: (text: string) => void printed.push(text),
    progress: () => {},
    json: () => {},
    error: (text: string) => void printed.push(text),
    end: () => {},
  };
  const views = { report: async () => '<!doctype html>', table: ({ run }: Result) => run.id };
  const run = (text: string, more: { seed?: number; signal?: AbortSignal } = {}) => {
    const file = join(folder, 'schedule.yaml');
    writeFileSync(file, text);
    return chaos(terminal, views, file, { signal: new AbortController().signal, runsRoot, ...more });
  };
  const campaign = () => {
    const [id = ''] = readdirSync(join(runsRoot, 'chaos'));
    const folder = join(runsRoot, 'chaos', id);
    const document = JSON.parse(readFileSync(join(folder, CAMPAIGN_FILE), 'utf8')) as CampaignResult;
    return { folder, result: campaignResultSchema.parse(document) };
  };
  return { runsRoot, printed, campaign, run: (more = {}) => run(schedule, more), runText: run };
}

test(
  'planted: a loss is shrunk to one kill, confirmed, and written as a schedule that fails again',
  async () => {
    const { printed, campaign, run, runText } = prepared(
      lone(1, '  runs: 1\n  confirm: 1\n  shrinkMaxMs: 40000\n'),
    );
    assert.is(await run({ seed: seedWithBoth(lone(1, '')) }), 1);
    const { folder, result } = campaign();
    assert.is(result.failures.length, 1, JSON.stringify(result));
    const failure = result.failures[0]!;
    assert.ok(failure.checkers.includes('acknowledged writes'), failure.checkers.join());
    assert.equal([failure.again.failed, failure.isConfirmed, failure.shrunk?.faults], [1, true, 1]);
    const yaml = readFileSync(failure.schedule, 'utf8');
    assert.match(yaml, /^ {2}- \{ fault: kill, /m);
    assert.match(printed.join('\n'), new RegExp(`again: zklab chaos ${failure.schedule}`));
    assert.is(await runText(yaml), 1, 'the regression schedule fails by itself');
    const [path = ''] = result.runs.flatMap(each => each.path ?? []);
    for (const kept of [
      'result.json',
      'history.ndjson',
      'links.ndjson',
      'events.ndjson',
      'report.html',
      'logs',
    ])
      assert.ok(existsSync(join(path, kept)), kept);
    assert.ok(path.startsWith(folder));
  },
  DEADLINE,
);

test(
  'planted: a loss in most processes, but not in all, is found, and its rate is told',
  async () => {
    const { campaign, run } = prepared(lone(0.8, '  runs: 3\n  confirm: 1\n  insist: 3\n  shrinkMaxMs: 0\n'));
    assert.is(await run({ seed: seedWithBoth(lone(0.8, '')) }), 1);
    const { failures } = campaign().result;
    assert.ok(
      failures.some(({ isConfirmed, again }) => isConfirmed && again.failed > 0),
      JSON.stringify(failures),
    );
  },
  DEADLINE,
);

test(
  'a campaign that is interrupted keeps what it has, and says so',
  async () => {
    const interruption = new AbortController();
    const { printed, run, runsRoot } = prepared(lone(0, '  runs: 9\n'));
    setTimeout(() => interruption.abort(), 3_000);
    assert.is(await run({ seed: 3, signal: interruption.signal }), 3);
    assert.match(printed.join('\n'), /ended early: interrupted after 0 runs/);
    assert.equal(readdirSync(join(runsRoot, 'chaos')), [], 'nothing was run, so nothing is kept');
  },
  DEADLINE,
);
