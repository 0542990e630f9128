/** Other people's clients as programs, started with a command line and fed with lines as by a person. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onPath, quickJava, requirePeer, until } from '#test';
import type { Ensemble } from './ensemble.test-kit.ts';
import { CLASS_PATH } from './member.test-kit.ts';

/** Debian's own Python, to which Debian's kazoo belongs. */
export const PYTHON = '/usr/bin/python3';
export const RECIPES = fileURLToPath(new URL('../../../server/interop/kazoo_recipes.py', import.meta.url));
export const CLI_MT = '/usr/lib/zookeeper/bin/cli_mt';
const HEAP_MIB = 96;
const SILENT = '-Dorg.slf4j.simpleLogger.defaultLogLevel=off';
const SAYS_DEADLINE_MS = 60_000;

export function requireKazoo(): void {
  let there = existsSync(PYTHON);
  try {
    execFileSync(PYTHON, ['-c', 'import kazoo'], { stdio: 'ignore' });
  } catch {
    there = false;
  }
  requirePeer('kazoo', there, 'the Python client and its recipes');
  requirePeer('setpriv', onPath('setpriv'), 'what is started dies with the test');
}

export function requireCliMt(): void {
  requirePeer('cli_mt', existsSync(CLI_MT), 'the C client');
  requirePeer('setpriv', onPath('setpriv'), 'what is started dies with the test');
}

/** What Apache's zkCli.sh starts, without the shell script. */
export function zkCli(address: string, ...flags: readonly string[]): string[] {
  const main = ['org.apache.zookeeper.ZooKeeperMain', '-server', address, ...flags];
  return ['java', ...quickJava(HEAP_MIB), SILENT, '-cp', CLASS_PATH, ...main];
}

export function address(ensemble: Ensemble, sid: number): string {
  return `${ensemble.member(sid).host}:2181`;
}

/** A child whose output can be waited for. */
export class ClientProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  output = '';

  constructor(command: readonly string[]) {
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: 'pipe' });
    const take = (chunk: Buffer) => {
      this.output += chunk.toString('utf8');
    };
    this.child.stdout?.on('data', take);
    this.child.stderr?.on('data', take);
    this.child.stdin?.on('error', () => {});
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Sends `line`, and waits until the output since then matches. */
  async says(line: string, expected: RegExp): Promise<void> {
    const from = this.output.length;
    this.child.stdin?.write(`${line}\n`);
    await this.hears(expected, from, `after "${line}"`);
  }

  /** Waits until its output from position `from` on matches. */
  async hears(expected: RegExp, from = 0, when = ''): Promise<void> {
    const matches = () => expected.test(this.output.slice(from));
    await until(matches, { deadlineMs: SAYS_DEADLINE_MS, what: `${expected} ${when}` }).catch(error => {
      throw new Error(`${error.message}; it said: ${this.output.slice(from)}`);
    });
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

export async function withProgram(
  command: readonly string[],
  body: (program: ClientProgram) => Promise<void>,
): Promise<void> {
  const program = new ClientProgram(command);
  try {
    await body(program);
  } finally {
    await program.kill();
  }
}
