import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The releases that `npm run toxiproxy:install` tries, best first. The first is the one the stand-in follows;
 * the second is the newest that Go 1.19 builds, which is what Debian 12 has. The conformance suite passes on
 * both.
 */
export const TOXIPROXY_RELEASES = ['v2.12.0', 'v2.8.0'] as const;

/** Where a release lies once it is installed: <cache>/zklab/toxiproxy/<release>/toxiproxy-server. */
export function installedServer(release: string, env: NodeJS.ProcessEnv = process.env): string {
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'zklab', 'toxiproxy', release, 'toxiproxy-server');
}
