/**
 * `node dist/.ci/lab-checks.js` runs what CI asks of the lab itself. The exit code is 1 if a step failed. The
 * last lines, which begin with "lab:", say what each step showed.
 */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { simulation, smoke, type Zklab } from './lab-steps.ts';

const ZKLAB = fileURLToPath(new URL('../zklab.js', import.meta.url));
/** Several times what a command takes on two cores. One that hangs fails. */
const COMMAND_DEADLINE_MS = 900_000;

/** Its progress, a line a seed, is shown only if it fails. */
const zklab: Zklab = async words => {
  const { exitCode, stdout, all } = await execa(process.execPath, [ZKLAB, ...words], {
    all: true,
    reject: false,
    stdin: 'ignore',
    timeout: COMMAND_DEADLINE_MS,
  });
  console.log(`zklab ${words.join(' ')}\n${exitCode === 0 ? stdout : all}\n`);
  return exitCode ?? 1;
};

const lines: string[] = [];
for (const { name, run } of [simulation, smoke]) {
  const startedMs = performance.now();
  const { isGood, said } = await run(zklab);
  if (!isGood) process.exitCode = 1;
  lines.push(`lab: ${name}: ${said} (${Math.round((performance.now() - startedMs) / 1_000)} s)`);
}
for (const line of lines) console.log(line);
