import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';

const folders: string[] = [];

/**
 * A new empty folder, removed when this test file ends; kept, and named on standard error, when a test
 * failed.
 */
export function temporaryFolder(): string {
  if (folders.length === 0) process.on('exit', clearFolders);
  const folder = mkdtempSync(join(tmpdir(), `zklab-${basename(process.argv[1] ?? 'test', '.js')}-`));
  folders.push(folder);
  return folder;
}

/**
 * Runs after the tally's exit listener, which has set the exit code by then: harness.ts registers that first.
 */
function clearFolders(): void {
  for (const folder of folders) {
    if (process.exitCode) process.stderr.write(`kept: ${folder}\n`);
    // Again where a process that was just killed has put one more file into it.
    else rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
