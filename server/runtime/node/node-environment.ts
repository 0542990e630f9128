import * as os from 'node:os';
import { getHeapStatistics } from 'node:v8';

/**
 * What `envi` shows of the process, under upstream's keys. Most of these belong to a JVM and have no value
 * here, which is shown as Java does.
 */
export function nodeEnvironment(): ReadonlyMap<string, string> {
  const none = '<NA>';
  const mib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)}MB`;
  // Not from process.memoryUsage, which opens a file of /proc and fails without a descriptor (field report
  // B10).
  const { total_heap_size: heapTotal, used_heap_size: heapUsed } = getHeapStatistics();
  return new Map([
    ['host.name', os.hostname()],
    ['java.version', none],
    ['java.vendor', none],
    ['java.home', none],
    ['java.class.path', none],
    ['java.library.path', none],
    ['java.io.tmpdir', os.tmpdir()],
    ['java.compiler', none],
    ['os.name', os.type()],
    ['os.arch', os.machine()],
    ['os.version', os.release()],
    ['user.name', userName()],
    ['user.home', os.homedir()],
    ['user.dir', process.cwd()],
    ['os.memory.free', mib(heapTotal - heapUsed)],
    ['os.memory.max', mib(os.totalmem())],
    ['os.memory.total', mib(heapTotal)],
    ['node.version', process.version],
  ]);
}

/** A container may run under a user id that has no name. */
function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
