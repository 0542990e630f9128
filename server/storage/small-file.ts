import type { Disk } from '../runtime/runtime.ts';
import { onDisk } from './disk-error.ts';

/**
 * What is being written: the file itself is replaced whole, so that a crash shows the old text or the new.
 */
const NEXT_SUFFIX = '.next';

/** Durable when it returns. @throws ServerError ZK_DISK */
export function replaceFile(disk: Disk, directory: string, name: string, text: string): void {
  const path = `${directory}/${name}`;
  onDisk('write', path, () => {
    const file = disk.open(path + NEXT_SUFFIX, 'w');
    try {
      file.writeAt(0, Buffer.from(text));
      file.syncNow();
    } finally {
      file.close();
    }
    disk.rename(path + NEXT_SUFFIX, path);
    disk.syncDirectory(directory);
  });
}
