import { loadConfig } from '../../../server/config/load-config.ts';
import { JAAS_PROPERTY } from '../../../server/config/quorum-sasl.ts';
import type { ServerConfig } from '../../../server/config/server-config.ts';
import type { Disk } from '../../../server/runtime/runtime.ts';

/** Where the configuration of a member is that may be reconfigured. */
export const CONF_FOLDER = '/conf';
const ZOO_CFG = `${CONF_FOLDER}/zoo.cfg`;
const DATA_FOLDER = '/data';
const MYID = `${DATA_FOLDER}/myid`;
export const JAAS_PATH = `${CONF_FOLDER}/jaas.conf`;
/**
 * The system properties that the JVM of a member would have. The JAAS file exists if members authenticate.
 */
export const SYSTEM_PROPERTIES: ReadonlyMap<string, string> = new Map([[JAAS_PROPERTY, JAAS_PATH]]);

/**
 * The configuration on the disk of a member, which the member itself changes. `text` is written where there
 * is none yet, and with `isNew` in place of what is there, as an operator does before a server joins again.
 * @throws ServerError as `loadConfig`
 */
export function configOnDisk(disk: Disk, sid: number, text: string, isNew: boolean): ServerConfig {
  if (isNew || !disk.exists(ZOO_CFG)) {
    write(disk, MYID, String(sid));
    write(disk, ZOO_CFG, text);
  }
  return loadConfig(disk, ZOO_CFG, SYSTEM_PROPERTIES);
}

/**
 * Whether an operator writes this, as `configOnDisk` does. Disk faults leave such files alone: a server goes
 * on when it cannot write its configuration, which its log holds, and an operator would try again.
 */
export function isOperators(path: string): boolean {
  return path === DATA_FOLDER || path.startsWith(MYID) || path.startsWith(CONF_FOLDER);
}

function write(disk: Disk, path: string, text: string): void {
  const folder = path.slice(0, path.lastIndexOf('/'));
  disk.makeDirectory(folder);
  const file = disk.open(`${path}.new`, 'w');
  file.writeAt(0, Buffer.from(text));
  file.syncNow();
  file.close();
  disk.rename(`${path}.new`, path);
  disk.syncDirectory(folder);
}
