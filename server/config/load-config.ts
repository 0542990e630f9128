import { ServerError } from '../errors.ts';
import type { Disk } from '../runtime/runtime.ts';
import type { ConfigTexts } from './membership.ts';
import { parseProperties } from './properties.ts';
import { canonicalProperties, parseConfig, type ServerConfig } from './server-config.ts';

/**
 * Reads zoo.cfg, and the dynamic file and `dataDir/myid` that it names. Relative paths are relative to the working
 * directory, as upstream.
 *
 * @throws ServerError ZK_CONFIG_FILE, and what parseConfig throws
 */
export function loadConfig(disk: Disk, path: string): ServerConfig {
  const text = readText(disk, path);
  const properties = canonicalProperties(parseProperties(text));
  const dynamicPath = properties.get('dynamicConfigFile');
  const myidPath = `${properties.get('dataDir') ?? ''}/myid`;
  const texts: ConfigTexts = {
    path,
    text,
    ...(dynamicPath === undefined
      ? {}
      : { dynamic: { path: dynamicPath, text: readText(disk, dynamicPath) } }),
    ...(disk.exists(myidPath) ? { myid: readText(disk, myidPath) } : {}),
  };
  return parseConfig(texts);
}

function readText(disk: Disk, path: string): string {
  try {
    // Editors of Windows put a byte order mark in front, which would be part of the first key.
    return disk
      .read(path)
      .toString('utf8')
      .replace(/^\ufeff/, '');
  } catch (error) {
    // The disk's own message names the path again.
    const { cause = error } = error as Error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServerError('ZK_CONFIG_FILE', `${path} cannot be read: ${why}`, { path }, error);
  }
}
