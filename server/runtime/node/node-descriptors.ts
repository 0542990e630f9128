import * as fs from 'node:fs';
import type { Descriptors } from '../runtime.ts';

const OPEN = '/proc/self/fd';
const LIMITS = '/proc/self/limits';
const UNKNOWN = -1;

/**
 * Counts descriptors in /proc, where it exists. With no descriptor left the limit cannot be read: the last
 * value read is used, and all of it counts as open.
 */
export function descriptorCounter(): () => Descriptors {
  let max = UNKNOWN;
  return () => {
    max = descriptorLimit() ?? max;
    return { open: openCount() ?? max, max };
  };
}

/**
 * Since Linux 6.2 the size of the directory is their number. Before, they are counted, including the one that
 * reads them.
 */
function openCount(): number | undefined {
  try {
    const { size } = fs.statSync(OPEN);
    return size > 0 ? size : fs.readdirSync(OPEN).length - 1;
  } catch {
    return undefined;
  }
}

/** The soft limit, which the system enforces. */
export function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(fs.readFileSync(LIMITS, 'latin1'))?.[1];
    const count = Number(soft);
    return Number.isSafeInteger(count) ? count : undefined;
  } catch {
    return undefined;
  }
}
