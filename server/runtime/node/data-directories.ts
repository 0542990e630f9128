import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { ServerError } from '../../errors.ts';
import { nodeDisk } from './node-disk.ts';

/** A directory and the key of zoo.cfg that names it. */
export interface DataDirectory {
  readonly key: string;
  readonly path: string;
}

/**
 * Creates the directories unless `autoCreate` is false, and holds them for this process until it ends. A
 * second server on the same files would take the log away from the first, which would go on acknowledging
 * writes that nobody can read again.
 *
 * @throws ServerError ZK_DATA_DIR naming key and path
 */
export async function claimDirectories(
  directories: readonly DataDirectory[],
  autoCreate = true,
): Promise<void> {
  const held = new Set<string>();
  for (const { key, path } of directories) {
    const inode = usable(key, path, autoCreate);
    if (held.has(inode)) continue;
    held.add(inode);
    if (!(await hold(`zklab-server ${inode}`)))
      throw new ServerError('ZK_DATA_DIR', `${key}=${path} is in use by another zklab-server`, { key, path });
  }
}

/** Returns the identity of the directory, the same for every path to it. */
function usable(key: string, path: string, autoCreate: boolean): string {
  try {
    if (autoCreate) nodeDisk.makeDirectory(path);
    // All files are in there: images and operators often leave the directory above it to root.
    const inner = `${path}/version-2`;
    accessSync(nodeDisk.exists(inner) ? inner : path, constants.R_OK | constants.W_OK | constants.X_OK);
    return nodeDisk.identity(path);
  } catch (error) {
    // The message of the disk repeats the path.
    const { cause = error } = error as Error;
    const reason = (cause as Error).message;
    throw new ServerError('ZK_DATA_DIR', `${key}=${path} cannot be used: ${reason}`, { key, path }, error);
  }
}

/**
 * Uses an abstract socket of Linux as a lock: the kernel gives a name to one process only, and takes it back
 * when that process ends in any way. Without abstract sockets, or in another network namespace, nothing is
 * held and the server starts.
 */
function hold(name: string): Promise<boolean> {
  return new Promise(resolve => {
    const lock = createServer(stranger => stranger.destroy());
    lock.unref();
    lock.once('listening', () => resolve(true));
    lock.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    lock.listen({ path: `\0${name}` });
  });
}
