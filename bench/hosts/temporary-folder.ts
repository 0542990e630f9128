/**
 * The folder for the data of a lab. It is registered before it is created, so that the next lab removes it
 * even after a SIGKILL.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isUnwritable } from '../../results/store.ts';
import { UsageError } from '../usage-error.ts';
import { cleanUpWithLab } from './end-with-lab.ts';
import { type Registration, registerFolder, TEMPORARY_PREFIX } from './reaper.ts';

const REMOVAL_RETRIES = 20;
const REMOVAL_PAUSE_MS = 25;

export interface TemporaryFolder {
  readonly path: string;
  /** Removes the folder with everything in it. */
  remove(): void;
}

/**
 * Creates a folder whose name begins with `name`. What a killed lab leaves is removed if it is in the
 * system's temporary folder.
 * @throws UsageError when no folder can be created there
 */
export function makeTemporaryFolder(name: string, directory = tmpdir()): TemporaryFolder {
  const path = join(directory, `${TEMPORARY_PREFIX}${name}-${randomBytes(4).toString('hex')}`);
  let registration: Registration | undefined;
  try {
    registration = registerFolder(path);
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    registration?.remove();
    if (!isUnwritable(error)) throw error;
    throw new UsageError(
      `no temporary folder can be created in ${directory}: ${(error as Error).message}; set TMPDIR to a folder that can be written`,
    );
  }
  const removeNow = () => {
    // Processes that were just killed may still write into it.
    rmSync(path, { recursive: true, force: true, maxRetries: REMOVAL_RETRIES, retryDelay: REMOVAL_PAUSE_MS });
    registration?.remove();
  };
  const forget = cleanUpWithLab(removeNow);
  return {
    path,
    remove: () => {
      removeNow();
      forget();
    },
  };
}
