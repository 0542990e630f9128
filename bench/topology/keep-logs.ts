import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ensemble } from './ensemble.ts';

/** Writes the output of each member to `<folder>/<prefix><member>.log`. Returns the files. */
export async function keepLogs({ members }: Ensemble, folder: string, prefix = ''): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  return Promise.all(
    members.map(async ({ name, log }) => {
      const file = join(folder, `${prefix}${name}.log`);
      await writeFile(file, log.content());
      return file;
    }),
  );
}
