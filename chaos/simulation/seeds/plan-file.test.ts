import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, suite } from '#test';
import { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import { planFaults } from '../schedule.ts';
import { drawSwarm } from '../swarm.ts';
import { PlanFileError, readPlan, writePlan } from './plan-file.ts';

const test = suite('simulation: plans in files');

function inFolder(body: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'zklab-plan-'));
  try {
    body(join(folder, 'plan.json'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('every plan that a seed can draw is read back unchanged', () => {
  inFolder(path => {
    for (let seed = 0; seed < 50; seed++) {
      const random = new SeededRandom(seed);
      const faults = planFaults(random, drawSwarm(random.fork('swarm')), [1, 2, 3]);
      const plan = { seed, voters: 3, observers: 0, faults, reasons: ['because'] };
      writePlan(path, plan);
      assert.equal(readPlan(path), plan);
    }
  });
});

test('a file that is no plan is refused, and the error names the place', () => {
  inFolder(path => {
    const plan = { seed: 1, voters: 3, observers: 1, faults: [], reasons: [] };
    const during = (fault: object) => [{ atMs: 1, durationMs: 1, fault }];
    for (const [text, said] of [
      ['not JSON', /plan\.json is not a plan/],
      [JSON.stringify({ ...plan, faults: during({ kind: 'flood' }) }), /faults\[0\]/],
      [JSON.stringify({ ...plan, more: 1 }), /more/],
      [JSON.stringify({ ...plan, voters: undefined }), /voters/],
      [
        JSON.stringify({ ...plan, faults: during({ kind: 'pause', target: 5 }) }),
        /names member 5; there are 1 to 4/,
      ],
      [
        JSON.stringify({ ...plan, faults: during({ kind: 'partition', side: [1, 0], how: 'refuse' }) }),
        /names member 0; there are 1 to 4/,
      ],
    ] as const) {
      writeFileSync(path, text);
      assert.throws(
        () => readPlan(path),
        (error: Error) => error instanceof PlanFileError && said.test(error.message),
      );
    }
  });
});
