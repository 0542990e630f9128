/** Builds a git revision of this project beside the present one, for a comparison of the two. */
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { serverProgram } from '../hosts/server-program.ts';
import { UsageError } from '../usage-error.ts';

/** dist/bench/ab -> the checkout. */
const ROOT = join(import.meta.dirname, '../../..');
const MAIN = 'server/main.ts';
const BUNDLER = '.ci/bundle-server.ts';
const COMMAND_MAX_MS = 120_000;
const OUTPUT_LINES_SHOWN = 5;

export interface Revision {
  /** Abbreviated. */
  readonly commit: string;
  readonly subject: string;
}

/** Undefined when the word names no commit of this checkout, or this is none. */
export async function findRevision(word: string, root = ROOT): Promise<Revision | undefined> {
  if (word.startsWith('-')) return undefined;
  const args = ['log', '-1', '--format=%h%n%s', '--end-of-options', `${word}^{commit}`];
  const { exitCode, stdout } = await execa('git', args, {
    cwd: root,
    reject: false,
    timeout: COMMAND_MAX_MS,
  });
  const [commit = '', subject = ''] = exitCode === 0 ? stdout.split('\n') : [];
  return commit === '' ? undefined : { commit, subject };
}

/**
 * Compiles the server of the revision in `folder`, with the packages of this checkout; or, which takes four
 * times as long, what `zklab sim` runs of it.
 * @throws UsageError when it does not compile
 */
export async function buildRevision(
  { commit }: Revision,
  folder: string,
  root = ROOT,
  what: 'server' | 'simulation' = 'server',
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const archive = join(folder, 'source.tar');
  const run = async (what: string, file: string, args: readonly string[], cwd: string) => {
    const { exitCode, all } = await execa(file, [...args], {
      cwd,
      reject: false,
      all: true,
      timeout: COMMAND_MAX_MS,
    });
    if (exitCode !== 0)
      throw new UsageError(
        `revision ${commit} could not be ${what}: ${all.split('\n').slice(-OUTPUT_LINES_SHOWN).join('\n')}`,
      );
  };
  await run('read', 'git', ['archive', '--format=tar', `--output=${archive}`, commit], root);
  await run('unpacked', 'tar', ['-xf', archive, '-C', folder], folder);
  if (!existsSync(join(folder, MAIN)))
    throw new UsageError(`revision ${commit} has no ${MAIN}, so there is nothing to compare`);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  // As the present build, if the revision knows how.
  const isBundled = what === 'server' && existsSync(join(folder, BUNDLER));
  const include = what === 'simulation' ? ['zklab.ts'] : isBundled ? ['server', BUNDLER] : ['server'];
  const project = { extends: './tsconfig.json', include, exclude: ['**/*.test.ts', '**/*.test-kit.ts'] };
  writeFileSync(join(folder, 'tsconfig.server.json'), JSON.stringify(project));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await run('compiled', process.execPath, [tsc, '-p', 'tsconfig.server.json'], folder);
  const compiled = (file: string) => join(folder, 'dist', file.replace(/ts$/, 'js'));
  if (isBundled) await run('bundled', process.execPath, [compiled(BUNDLER)], folder);
}

/**
 * The commits after `good` up to `bad`, oldest first. On merges it follows what was merged into.
 * @throws UsageError when `good` is no ancestor of `bad`
 */
export async function commitsBetween(good: Revision, bad: Revision, root = ROOT): Promise<Revision[]> {
  const git = (...args: string[]) =>
    execa('git', args, { cwd: root, reject: false, timeout: COMMAND_MAX_MS });
  if ((await git('merge-base', '--is-ancestor', good.commit, bad.commit)).exitCode !== 0)
    throw new UsageError(`${good.commit} is no ancestor of ${bad.commit}; accepted is an earlier commit`);
  const { stdout } = await git(
    ...['log', '--first-parent', '--reverse', '--format=%h%x09%s', `${good.commit}..${bad.commit}`],
  );
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const [commit = '', subject = ''] = line.split('\t');
      return { commit, subject };
    });
}

/** The server of a checkout; undefined when it is not compiled. */
export function serverOf(folder: string): string | undefined {
  return serverProgram(join(folder, 'dist'));
}
