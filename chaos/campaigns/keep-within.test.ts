import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { CAMPAIGN_FILE, type CampaignRun } from '../../results/campaign.ts';
import { keepCampaigns, keepWithin } from './keep-within.ts';

const test = suite('chaos/campaigns: what is kept');

function folder(root: string, name: string, bytes: number, ageDays: number): string {
  const path = join(root, name);
  mkdirSync(join(path, 'logs'), { recursive: true });
  writeFileSync(join(path, 'logs', 'v1.log'), Buffer.alloc(bytes));
  const at = Date.now() / 1_000 - ageDays * 86_400;
  utimesSync(path, at, at);
  return path;
}

const run = (number: number, path: string, outcome: CampaignRun['outcome']): CampaignRun => ({
  ...{ number, path, outcome, topology: 'voters=3', workload: 'registers', seconds: 1 },
  ...{ reasons: [], checkers: [], bitten: [], toothless: [] },
});

test('the oldest runs that passed lose their folders, and stay in the result', () => {
  const root = temporaryFolder();
  const paths = [1, 2, 3, 4].map(number => folder(root, `run-${number}`, 1_000, 5 - number));
  const runs = paths.map((path, at) => run(at + 1, path, at === 0 ? 'failed' : 'passed'));
  keepWithin(root, runs, 2_500);
  assert.equal(
    paths.map(path => existsSync(path)),
    [true, false, false, true],
  );
  assert.equal(
    runs.map(({ path }) => path !== undefined),
    [true, false, false, true],
  );
});

test('campaigns that are too old go, and those without a failure when there is too much', () => {
  const root = temporaryFolder();
  const old = folder(root, 'old', 10, 40);
  const failed = folder(root, 'failed', 5_000, 20);
  const passed = folder(root, 'passed', 5_000, 10);
  const present = folder(root, 'present', 9_000, 0);
  writeFileSync(join(failed, CAMPAIGN_FILE), JSON.stringify({ runs: [run(1, '/gone', 'failed')] }));
  const at = Date.now() / 1_000 - 20 * 86_400;
  utimesSync(failed, at, at);
  const gone = keepCampaigns(root, { maxAgeMs: 30 * 86_400_000, maxBytes: 6_000 }, present);
  assert.equal(gone, [old, passed]);
  assert.equal([existsSync(failed), existsSync(present)], [true, true]);
});
