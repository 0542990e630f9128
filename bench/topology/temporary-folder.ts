/** The folder of a lab's data. It is registered before it is made, so that a SIGKILL at any moment leaves nothing for good. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerFolder, TEMPORARY_PREFIX } from './reaper.ts';

export interface TemporaryFolder {
  readonly path: string;
  /** With all that is in it. */
  remove(): void;
}

/** In the system's temporary folder, by a name that begins with `name`. */
export function makeTemporaryFolder(name: string): TemporaryFolder {
  const path = join(tmpdir(), `${TEMPORARY_PREFIX}${name}-${randomBytes(4).toString('hex')}`);
  const registration = registerFolder(path);
  mkdirSync(path, { mode: 0o700 });
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true });
      registration?.remove();
    },
  };
}
