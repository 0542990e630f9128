import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileInProgress } from './file-run.ts';

/**
 * Creates an empty folder that is removed when this test file ends. When a test failed, the folder is kept,
 * and named on standard error.
 */
export function temporaryFolder(): string {
  const { name, folders } = fileInProgress();
  const folder = mkdtempSync(join(tmpdir(), `zklab-${name}-`));
  folders.push(folder);
  return folder;
}

export function clearFolders(folders: readonly string[], keep: boolean): void {
  for (const folder of folders) {
    if (keep) process.stderr.write(`kept: ${folder}\n`);
    // Retried, because a process that was just killed may have added one more file.
    else rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
