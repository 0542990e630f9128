import { assert, suite, temporaryFolder } from '#test';
import { soak } from './soak.ts';

const test = suite('fuzz: real processes');

test(
  'broken messages on every port of real processes, and kills: no leadership is lost to them, and no acknowledged write',
  async () => {
    const options = { seed: 1, durationMs: 7_000, calmMs: 3_000, folder: temporaryFolder() };
    const { complaints, frames, kills, acknowledgedWrites } = await soak(options);
    process.stdout.write(`  ${frames} frames, ${kills} kills, ${acknowledgedWrites} writes\n`);
    assert.equal(complaints, []);
    assert.ok(frames > 1_000 && kills > 0 && acknowledgedWrites > 100, `${frames} frames, ${kills} kills`);
  },
  { deadlineMs: 600_000 },
);
