/** Plans that once led to a failure: each names what it found, and was seen to fail again with the repair taken out. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, suite } from '#test';
import { replay } from './run.ts';
import { serverProgram } from './server-program.ts';

const test = suite('simulation: the shelf');

/** Beside the sources: tsc copies no JSON. */
const SHELF = join(dirname(fileURLToPath(import.meta.url)).replace('/dist/', '/'), 'shelf');

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
