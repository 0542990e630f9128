/** Compiles the programs of clients, each once for its sources, into the user's cache. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** dist/chaos/real-clients -> chaos/real-clients of the project. */
export const PROGRAMS = fileURLToPath(new URL('../../../chaos/real-clients/programs', import.meta.url));

export interface BuildTask {
  readonly name: string;
  /** Files in `PROGRAMS`. */
  readonly sources: readonly string[];
  /** What else the outcome depends on. */
  readonly key: string;
  /** @param folder gets what is compiled */
  command(files: readonly string[], folder: string): readonly string[];
}

const COMPILE_MAX_MS = 120_000;

/**
 * Returns the folder of what was compiled, now or before.
 * @throws Error with what the compiler says
 */
export async function build({ name, sources, key, command }: BuildTask): Promise<string> {
  const files = sources.map(source => join(PROGRAMS, source));
  const hash = createHash('sha256').update(key);
  for (const file of files) hash.update(readFileSync(file));
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'zklab', 'real-clients');
  const folder = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const unfinished = mkdtempSync(join(cache, 'unfinished-'));
  try {
    const [compiler = '', ...args] = command(files, unfinished);
    await execa(compiler, args, { timeout: COMPILE_MAX_MS, all: true });
    // Another lab may have been faster. Its folder is as good.
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}
