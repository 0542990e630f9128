import type { Disk } from '../runtime/runtime.ts';
import { onDisk } from './disk-error.ts';

/**
 * Suffix of the file being written. The file itself is replaced as a whole, so a crash leaves the old text or
 * the new.
 */
const NEXT_SUFFIX = '.next';

/**
 * Durable when it returns. `like`: the file whose permissions it gets.
 * @throws ServerError ZK_DISK
 */
export function replaceFile(
  disk: Disk,
  directory: string,
  name: string,
  content: string | Buffer,
  like?: string,
): void {
  const path = `${directory}/${name}`;
  onDisk('write', path, () => {
    const file = disk.open(path + NEXT_SUFFIX, 'w');
    try {
      // Before anything stands in it.
      if (like !== undefined) disk.copyPermissions(like, path + NEXT_SUFFIX);
      file.writeAt(0, typeof content === 'string' ? Buffer.from(content) : content);
      file.syncNow();
    } finally {
      file.close();
    }
    disk.rename(path + NEXT_SUFFIX, path);
    disk.syncDirectory(directory);
  });
}
