import { ServerError } from '../errors.ts';
import type { Disk } from '../runtime/runtime.ts';

/** The keys of zoo.cfg that name a file or a directory. */
export const PATH_KEYS = ['dataDir', 'dataLogDir', 'dynamicConfigFile'] as const;

/** Normalises a path as java.io.File does: one slash between two names, and none at the end. */
export function javaPath(text: string): string {
  const single = text.replace(/\/{2,}/g, '/');
  return single.length > 1 ? single.replace(/\/$/, '') : single;
}

interface Reading {
  readonly path: string;
  readonly name: string;
}

/**
 * What the bytes of a path may stand for. Java reads zoo.cfg as ISO-8859-1, so a path written in UTF-8 names
 * a directory of two odd letters for each accented one; in a locale without those letters, it writes "?" for
 * each. Earlier versions of this server read UTF-8.
 */
function readingsOf(text: string): Reading[] {
  const latin1 = { path: text, name: 'ISO-8859-1, as Apache ZooKeeper reads the file' };
  const ascii = {
    path: text.replace(/[^\0-\x7f]/g, '?'),
    name: 'ASCII, as Apache ZooKeeper without a locale writes names',
  };
  const utf8 = asUtf8(text);
  return [latin1, ...(utf8 === undefined ? [] : [{ path: utf8, name: 'UTF-8' }]), ascii];
}

function asUtf8(text: string): string | undefined {
  const bytes = Buffer.from(text, 'latin1');
  // A letter beyond ISO-8859-1 came from an escape.
  if (bytes.toString('latin1') !== text) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Chooses what a path with letters beyond ASCII means. The path is ambiguous, and a server that takes the
 * wrong directory starts empty. So the server takes the directory that has data, else one that exists, and a
 * warning names it.
 *
 * @throws ServerError ZK_CONFIG_VALUE when two have data
 */
export function choosePath(disk: Disk, key: string, text: string, warn: (warning: string) => void): string {
  const path = javaPath(text);
  if (/^[\0-\x7f]*$/.test(path)) return path;
  const readings = readingsOf(path);
  const used = readings.filter(reading => hasData(disk, reading.path));
  if (used.length > 1) {
    const names = used.map(({ path: found, name }) => `${found} (${name})`).join(' and ');
    throw new ServerError(
      'ZK_CONFIG_VALUE',
      `${key} may mean ${names}, and both have data; write the path in ASCII, with \\u and four digits for each other letter`,
      { key },
    );
  }
  const chosen = used[0] ?? readings.find(reading => disk.exists(reading.path)) ?? readings[0]!;
  warn(`${key} has letters beyond ASCII: ${chosen.path} is used, read as ${chosen.name}`);
  return chosen.path;
}

function hasData(disk: Disk, path: string): boolean {
  return disk.exists(`${path}/myid`) || disk.list(`${path}/version-2`).length > 0;
}

/** Warns about relative paths: no shell expands the file, and an unexpanded variable is a relative name. */
export function pathWarnings(key: string, path: string): string[] {
  if (path.startsWith('/') || path.startsWith('./')) return [];
  return [`${key}=${path} is relative to the directory that the server is started in`];
}
