/**
 * `zklab bisect`: finds the first commit that fails a command. Servers of other commits run under the present
 * lab, with its checkers; seeds of the simulation belong to their own commit, so that all of it is compiled.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import {
  buildRevision,
  commitsBetween,
  findRevision,
  type Revision,
  serverOf,
} from '../../bench/ab/revision.ts';
import { makeTemporaryFolder } from '../../bench/hosts/temporary-folder.ts';
import type { Terminal } from '../../bench/terminal.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import { firstBad, type Tested } from './first-bad.ts';

export interface BisectOptions {
  readonly good: string;
  readonly bad: string;
  /** How often a commit must pass to be good. */
  readonly tries: number;
  readonly json?: boolean;
  readonly signal: AbortSignal;
  /** Of the git checkout. @default that of this code */
  readonly root?: string;
}

const COMMANDS = ['sim', 'chaos'] as const;
const ZKLAB = fileURLToPath(new URL('../../zklab.js', import.meta.url));
const RUN_MAX_MS = 3_600_000;

/** @param words `sim --first 1 --seeds 50`, `chaos failure-3.yaml`. @throws UsageError */
export async function bisect(
  words: readonly string[],
  terminal: Terminal,
  { good, bad, tries, json, signal, root }: BisectOptions,
): Promise<ExitCode> {
  const [command = ''] = words;
  if (!COMMANDS.some(each => each === command))
    throw new UsageError(
      `bisect "${words.join(' ')}": accepted are commands that begin with ${COMMANDS.join(', ')}`,
    );
  const ends = { good: await revisionOf('--good', good, root), bad: await revisionOf('--bad', bad, root) };
  const commits = await commitsBetween(ends.good, ends.bad, root);
  if (commits.length === 0)
    throw new UsageError(`--good ${good} --bad ${bad}: there is no commit between them`);
  const folder = makeTemporaryFolder('bisect');
  try {
    const test = (revision: Revision) =>
      tested(revision, words, { folder: folder.path, tries, signal, root, terminal });
    terminal.progress(`${commits.length} commits; first both ends`);
    if ((await test(ends.good)) !== 'good')
      throw new UsageError(
        `--good ${good}: "zklab ${words.join(' ')}" does not pass there; accepted is a commit where it does`,
      );
    if ((await test(ends.bad)) !== 'bad')
      throw new UsageError(`--bad ${bad}: "zklab ${words.join(' ')}" does not fail there, in ${tries} tries`);
    const found = await firstBad(commits, test);
    if (json) terminal.json(found);
    else terminal.print(foundText(found));
    return EXIT_CODES.holds;
  } catch (error) {
    if (!signal.aborted) throw error;
    terminal.progress('the search was ended before it found a commit');
    return EXIT_CODES.void;
  } finally {
    folder.remove();
  }
}

async function revisionOf(option: string, word: string, root: string | undefined): Promise<Revision> {
  const revision = await findRevision(word, root);
  if (revision !== undefined) return revision;
  throw new UsageError(
    `${option} ${word}: this is not a commit of the checkout; accepted is any name of one that git knows`,
  );
}

interface Where {
  readonly folder: string;
  readonly tries: number;
  readonly signal: AbortSignal;
  readonly root: string | undefined;
  readonly terminal: Terminal;
}

/** Bad as soon as one try fails. Untestable: it does not compile, or the command judges nothing. */
async function tested(
  revision: Revision,
  words: readonly string[],
  { folder, tries, signal, root, terminal }: Where,
): Promise<Tested> {
  const place = mkdtempSync(join(folder, 'commit-'));
  const { commit, subject } = revision;
  try {
    signal.throwIfAborted();
    const isSimulation = words[0] === 'sim';
    await buildRevision(revision, place, root, isSimulation ? 'simulation' : 'server');
    const program = isSimulation ? join(place, 'dist/zklab.js') : ZKLAB;
    const server = isSimulation ? undefined : serverOf(place);
    let tested: Tested = 'good';
    for (let attempt = 1; attempt <= tries && tested === 'good'; attempt++) {
      const { exitCode } = await execa(process.execPath, [program, ...words], {
        env: { ZKLAB_RUNS: join(place, 'runs'), ...(server !== undefined && { ZKLAB_SERVER: server }) },
        reject: false,
        timeout: RUN_MAX_MS,
        cancelSignal: signal,
        gracefulCancel: false,
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: 'ignore',
      });
      signal.throwIfAborted();
      tested = exitCode === EXIT_CODES.holds ? 'good' : exitCode === EXIT_CODES.failed ? 'bad' : 'untestable';
    }
    terminal.progress(`${commit} ${tested}: ${subject}`);
    return tested;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof UsageError)) throw error;
    terminal.progress(`${commit} untestable: ${error.message}`);
    return 'untestable';
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function foundText({ bad, suspects }: Awaited<ReturnType<typeof firstBad<Revision>>>): string {
  const line = ({ commit, subject }: Revision) => `${commit} ${subject}`;
  if (suspects.length === 0) return `first bad commit: ${line(bad)}`;
  return [
    `first bad commit: ${line(bad)}, or one of these, which could not be tested:`,
    ...suspects.map(each => `  ${line(each)}`),
  ].join('\n');
}
