/** The front door as a program. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { assert, temporaryFolder } from '#test';

export const ZKLAB = fileURLToPath(new URL('../../zklab.js', import.meta.url));
const MANY = fileURLToPath(new URL('./fixtures/many-commands.js', import.meta.url));

export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** In a process of its own. */
export function zklab(...words: (string | { env: Record<string, string> })[]) {
  const args = words.filter(word => typeof word === 'string');
  const env = words.find(word => typeof word !== 'string')?.env ?? {};
  return execa(process.execPath, [ZKLAB, ...args], {
    reject: false,
    stdin: 'ignore',
    env: { ...ownRuns(), ...env },
  });
}

/** Of all these command lines, which one process runs one after the other. */
export async function answersTo(commands: readonly (readonly string[])[]): Promise<Answer[]> {
  const ran = await execa(process.execPath, [MANY, JSON.stringify(commands)], {
    reject: false,
    stdin: 'ignore',
    env: ownRuns(),
  });
  assert.is(ran.exitCode, 0, ran.stderr);
  const answers = JSON.parse(ran.stdout) as Answer[];
  assert.is(answers.length, commands.length);
  return answers;
}

function ownRuns(): Record<string, string> {
  return { ZKLAB_RUNS: join(temporaryFolder(), 'runs') };
}
