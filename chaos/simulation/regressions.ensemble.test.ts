/**
 * Regression plans: each once led to a failure and names what it found. Each was seen to fail again without
 * its repair.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite } from '#test';
import { serverProgram } from './members/server-program.ts';
import { replay } from './seeds/run.ts';

const test = suite('simulation: regression plans');

/** Read from the source folder, because tsc copies no JSON. */
const PLANS = join(import.meta.dirname, '../../../chaos/simulation/regressions');

for (const name of readdirSync(PLANS).sort()) {
  test(
    `${name} does not fail any more`,
    () => {
      const { verdict, reasons } = replay(join(PLANS, name), { program: serverProgram() });
      assert.is(verdict, 'passed', reasons.join('; '));
    },
    { deadlineMs: 240_000 },
  );
}
