/** Runs the commands that make, look at and remove networks. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { execa } from 'execa';
import { stateOf } from '../process-state.ts';
import { labOf, removeCommand, type Words } from './network-commands.ts';

const COMMAND_MAX_MS = 10_000;
/** Where `ip netns` keeps the names. */
const SPACES_FOLDER = '/run/netns';

/**
 * @returns what it printed. @throws Error naming the command; its cause is the first line of the complaint
 */
export async function runWords(words: Words): Promise<string> {
  const [file = '', ...args] = words;
  const { failed, stdout, stderr, shortMessage } = await execa(file, args, {
    reject: false,
    timeout: COMMAND_MAX_MS,
  });
  if (!failed) return stdout;
  const complaint = stderr.trim().split('\n')[0] || shortMessage;
  throw new Error(`${words.join(' ')}: ${complaint}`, { cause: complaint });
}

/** One after the other. @throws Error at the first that fails */
export async function runAll(commands: readonly Words[]): Promise<void> {
  for (const words of commands) await runWords(words);
}

/** Namespaces of labs that are gone, and whatever a living one made under these names. */
export function removeSpacesNow(names: readonly string[]): void {
  for (const name of names) {
    const [file = '', ...args] = removeCommand(name);
    // A namespace that is gone already is not a failure. One that cannot be removed is left to the next lab.
    spawnSync(file, args, { timeout: COMMAND_MAX_MS, stdio: 'ignore' });
  }
}

/** Removes the namespaces of labs that were killed, and returns their names. */
export function removeLeftSpaces(): string[] {
  const left = spaceNames().filter(name => {
    const lab = labOf(name);
    return lab !== undefined && stateOf(lab) === 'gone';
  });
  removeSpacesNow(left);
  return left;
}

/** The names of all namespaces that have one. */
export function spaceNames(): string[] {
  try {
    return readdirSync(SPACES_FOLDER);
  } catch {
    return [];
  }
}
