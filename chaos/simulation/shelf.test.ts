/**
 * Plans that once led to a failure: each names what it found, and was seen to fail again with the repair
 * taken out.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite } from '#test';
import { replay } from './run.ts';
import { serverProgram } from './server-program.ts';

const test = suite('simulation: the shelf');

/** Beside the sources: tsc copies no JSON. */
const SHELF = join(import.meta.dirname, '../../../chaos/simulation/shelf');

for (const name of readdirSync(SHELF).sort()) {
  test(
    `${name} fails no more`,
    () => {
      const { verdict, reasons } = replay(join(SHELF, name), { program: serverProgram() });
      assert.is(verdict, 'passed', reasons.join('; '));
    },
    { deadlineMs: 240_000 },
  );
}
