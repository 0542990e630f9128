import type { Disk, DiskFile } from '../../server/runtime/runtime.ts';
import { passingDisk } from '../simulation/disks/passing-disk.ts';

interface HeldFile {
  bytes: Buffer;
  size: number;
}

/**
 * A planted bug for real processes: transaction logs stay in this process's memory, are reported as synced at
 * once, and are written to the file only now and then. A kill of the process loses what the disk had promised
 * to keep. All other files are honest.
 */
export function forgetfulDisk(disk: Disk, writeBackMs: number): Disk {
  const held = new Map<string, HeldFile>();
  return passingDisk(disk, {
    size: path => held.get(path)?.size ?? disk.size(path),
    read: path => contentOf(held.get(path)) ?? disk.read(path),
    open: (path, mode) => {
      const content = held.get(path);
      if (content !== undefined && mode === 'r') return readOnly(path, content);
      const file = disk.open(path, mode);
      if (mode === 'r' || !/\/log\.[0-9a-f]+$/.test(path)) return file;
      return forgetfulFile(file, held, writeBackMs);
    },
  });
}

function forgetfulFile(file: DiskFile, held: Map<string, HeldFile>, writeBackMs: number): DiskFile {
  const size = file.size();
  const content: HeldFile = { bytes: Buffer.from(file.readAt(0, size)), size };
  held.set(file.path, content);
  const writeBack = (): void => {
    file.truncate(content.size);
    file.writeAt(0, content.bytes, 0, content.size);
  };
  const timer = setInterval(writeBack, writeBackMs);
  return {
    path: file.path,
    size: () => content.size,
    readAt: (position, length) => readHeld(content, position, length),
    writeAt: (position, bytes, start = 0, end = bytes.length) => {
      resize(content, Math.max(content.size, position + end - start));
      content.bytes.set(bytes.subarray(start, end), position);
    },
    truncate: wanted => resize(content, wanted),
    sync: done => void setImmediate(done, undefined),
    syncNow: () => {},
    close: () => {
      clearInterval(timer);
      writeBack();
      held.delete(file.path);
      file.close();
    },
  };
}

function readOnly(path: string, content: HeldFile): DiskFile {
  const refuse = (): never => {
    throw new Error(`${path} is open for reading`);
  };
  return {
    path,
    size: () => content.size,
    readAt: (position, length) => readHeld(content, position, length),
    writeAt: refuse,
    truncate: refuse,
    sync: refuse,
    syncNow: refuse,
    close: () => {},
  };
}

function readHeld({ bytes, size }: HeldFile, position: number, length: number): Buffer {
  return Buffer.from(bytes.subarray(position, Math.min(size, position + length)));
}

function resize(content: HeldFile, size: number): void {
  if (size > content.bytes.length) {
    const grown = Buffer.alloc(Math.max(size, content.bytes.length * 2));
    content.bytes.copy(grown, 0, 0, content.size);
    content.bytes = grown;
  }
  if (size < content.size) content.bytes.fill(0, size, content.size);
  content.size = size;
}

function contentOf(content: HeldFile | undefined): Buffer | undefined {
  return content === undefined ? undefined : Buffer.from(content.bytes.subarray(0, content.size));
}
