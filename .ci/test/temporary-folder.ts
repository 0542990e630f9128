import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';

const folders: string[] = [];

/**
 * Creates an empty folder that is removed when this test file ends. When a test failed, the folder is kept,
 * and named on standard error.
 */
export function temporaryFolder(): string {
  if (folders.length === 0) process.on('exit', clearFolders);
  const folder = mkdtempSync(join(tmpdir(), `zklab-${basename(process.argv[1] ?? 'test', '.js')}-`));
  folders.push(folder);
  return folder;
}

/**
 * Runs after the exit listener of the tally, which harness.ts registers first, so the exit code is already
 * set.
 */
function clearFolders(): void {
  for (const folder of folders) {
    if (process.exitCode) process.stderr.write(`kept: ${folder}\n`);
    // Retried, because a process that was just killed may have added one more file.
    else rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
