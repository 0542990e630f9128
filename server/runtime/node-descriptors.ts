import * as fs from 'node:fs';
import type { Descriptors } from './runtime.ts';

const OPEN = '/proc/self/fd';
const LIMITS = '/proc/self/limits';
const UNKNOWN = -1;

/**
 * From /proc, where there is one. With no descriptor left the limit cannot be read: it is the one that was
 * read last, and all of it is open.
 */
export function descriptorCounter(): () => Descriptors {
  let max = UNKNOWN;
  return () => {
    max = descriptorLimit() ?? max;
    return { open: openCount() ?? max, max };
  };
}

/**
 * Since Linux 6.2 the size of the directory is their number. Before, they are counted, the one that reads
 * them among them.
 */
function openCount(): number | undefined {
  try {
    const { size } = fs.statSync(OPEN);
    return size > 0 ? size : fs.readdirSync(OPEN).length - 1;
  } catch {
    return undefined;
  }
}

/** The soft limit, which is the one that counts. */
export function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(fs.readFileSync(LIMITS, 'latin1'))?.[1];
    const count = Number(soft);
    return Number.isSafeInteger(count) ? count : undefined;
  } catch {
    return undefined;
  }
}
