import { homedir } from 'node:os';
import { join } from 'node:path';

/** The release that `npm run toxiproxy:install` installs and that the stand-in follows. */
export const TOXIPROXY_VERSION = 'v2.12.0';

/** Where the installed server lies: <cache>/zklab/toxiproxy/<version>/. */
export function installFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'zklab', 'toxiproxy', TOXIPROXY_VERSION);
}

export function installedServer(env: NodeJS.ProcessEnv = process.env): string {
  return join(installFolder(env), 'toxiproxy-server');
}
