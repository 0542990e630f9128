import { ServerError } from '../errors.ts';
import { parseProperties } from '../properties/properties.ts';
import type { Disk } from '../runtime/runtime.ts';
import { choosePath, PATH_KEYS } from './config-paths.ts';
import { effectiveProperties } from './effective-properties.ts';
import type { ConfigTexts } from './read-members.ts';
import { parseConfig, type ServerConfig } from './server-config.ts';

/**
 * Reads zoo.cfg, and the dynamic file and `dataDir/myid` that it names. Relative paths are relative to the
 * working directory, as upstream.
 *
 * @throws ServerError ZK_CONFIG_FILE, and what parseConfig throws
 */
export function loadConfig(
  disk: Disk,
  path: string,
  systemProperties: ReadonlyMap<string, string> = new Map(),
): ServerConfig {
  const text = readText(disk, path);
  const { properties } = effectiveProperties(parseProperties(text), new Map(), []);
  const warnings: string[] = [];
  const paths = new Map<string, string>();
  for (const key of PATH_KEYS) {
    const value = properties.get(key);
    if (value !== undefined)
      paths.set(
        key,
        choosePath(disk, key, value, warning => warnings.push(warning)),
      );
  }
  const dynamicPath = paths.get('dynamicConfigFile');
  const myidPath = `${paths.get('dataDir') ?? ''}/myid`;
  const texts: ConfigTexts = {
    path,
    text,
    systemProperties,
    paths,
    warnings,
    ...(dynamicPath === undefined
      ? {}
      : { dynamic: { path: dynamicPath, text: readText(disk, dynamicPath) } }),
    ...(disk.exists(myidPath) ? { myid: readText(disk, myidPath) } : {}),
  };
  return parseConfig(texts);
}

/**
 * As java.util.Properties reads bytes. Editors of Windows put a byte order mark in front of the first key.
 */
function readText(disk: Disk, path: string): string {
  try {
    return disk
      .read(path)
      .toString('latin1')
      .replace(/^\xef\xbb\xbf/, '');
  } catch (error) {
    // The disk's own message repeats the path.
    const { cause = error } = error as Error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServerError('ZK_CONFIG_FILE', `${path} cannot be read: ${why}`, { path }, error);
  }
}
