import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, suite } from '#test';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { PlanFileError, readPlan, writePlan } from './plan-file.ts';
import { planFaults } from './schedule.ts';
import { drawSwarm } from './swarm.ts';

const test = suite('simulation: plans in files');

function inFolder(body: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'zklab-plan-'));
  try {
    body(join(folder, 'plan.json'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('every plan that a seed can draw is read back as it was written', () => {
  inFolder(path => {
    for (let seed = 0; seed < 50; seed++) {
      const random = new SeededRandom(seed);
      const faults = planFaults(random, drawSwarm(random.fork('swarm')), [1, 2, 3]);
      writePlan(path, { seed, faults, reasons: ['because'] });
      assert.equal(readPlan(path), { seed, faults, reasons: ['because'] });
    }
  });
});

test('a file that is no plan is refused, naming the place', () => {
  inFolder(path => {
    const faults = [{ atMs: 1, durationMs: 1, fault: { kind: 'flood' } }];
    for (const [text, said] of [
      ['not JSON', /plan\.json is no plan/],
      [JSON.stringify({ seed: 1, faults, reasons: [] }), /faults\[0\]/],
      [JSON.stringify({ seed: 1, faults: [], reasons: [], more: 1 }), /more/],
    ] as const) {
      writeFileSync(path, text);
      assert.throws(
        () => readPlan(path),
        (error: Error) => error instanceof PlanFileError && said.test(error.message),
      );
    }
  });
});
