/** Stores on a simulated disk, and a logger that keeps its lines. */
import type { StoreFile, StoreType } from '../../config/quorum-tls.ts';
import type { Logger } from '../../runtime/logging/logger.ts';
import type { Disk } from '../../runtime/runtime.ts';
import { MemoryDisk } from '../../runtime/virtual/memory-disk.ts';

export function emptyDisk(wallMs = () => 0): Disk {
  const random = { float: () => 0, below: () => 0 };
  const disk = new MemoryDisk({ schedule: (_, run) => run(), random, wallMs });
  disk.makeDirectory('/tls');
  return disk;
}

export function write(disk: Disk, path: string, content: string | Buffer): void {
  const file = disk.open(path, 'w');
  file.writeAt(0, Buffer.from(content));
  file.close();
}

export function storeAt(path: string, type: StoreType = 'PEM', password = ''): StoreFile {
  return { key: 'ssl.quorum.keyStore', path, type, password, passwordPath: undefined };
}

/** Level, message and code of each line. */
export function keepingLogger(lines: string[]): Logger {
  const keep = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
    lines.push([level, fields?.code, message].filter(part => part !== undefined).join(' '));
  };
  const logger: Logger = {
    debug() {},
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    child: () => logger,
  };
  return logger;
}
