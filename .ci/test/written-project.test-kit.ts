/** Projects with a few tests, written for a test, and the runner on them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { temporaryFolder } from '#test';

export const here = dirname(fileURLToPath(import.meta.url));
export const RUNNER = join(here, 'runner.js');
const HARNESS = join(here, 'harness.js');
/** Each test starts processes, on a machine that may be busy. */
export const SLOW = { deadlineMs: 180_000 };

export const head = `import { assert, requirePeer, suite } from ${JSON.stringify(HARNESS)};\nconst test = suite('written');\n`;
export const passing = `${head}test('passes', () => {});\n`;
export const throwing = `${head}test('throws', () => { throw new Error('planted: from a written project'); });\n`;
export const skipping = `${head}test('skips', () => requirePeer('nothing', false, 'is asked for'));\n`;

/** A project root with sources and their compiled files, which are the same text. */
export function projectWith(files: Record<string, string>): string {
  const root = temporaryFolder();
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  for (const [name, text] of Object.entries(files)) {
    for (const path of [join(root, `${name}.ts`), join(root, 'dist', `${name}.js`)]) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
  return root;
}

/** What files of this project usually take: seconds by the clock, and of CPU. */
export function keepUsual(root: string, seconds: Record<string, readonly [number, number]>): void {
  mkdirSync(join(root, '.ci', 'test'), { recursive: true });
  writeFileSync(join(root, '.ci', 'test', 'usual-seconds.json'), JSON.stringify(seconds));
}

export async function runRunner(root: string, filters: string[]) {
  const env = { ZKLAB_REQUIRE_PEERS: '' };
  const ran = await execa(process.execPath, [RUNNER, ...filters], { cwd: root, reject: false, env });
  return { exitCode: ran.exitCode, stdout: ran.stdout, lastLine: ran.stdout.trimEnd().split('\n').at(-1) };
}
