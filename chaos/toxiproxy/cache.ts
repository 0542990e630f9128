import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The releases that `npm run toxiproxy:install` tries, best first. The stand-in follows the first. The second
 * is the newest that Go 1.19 (Debian 12) can build. The conformance suite passes on both.
 */
export const TOXIPROXY_RELEASES = ['v2.12.0', 'v2.8.0'] as const;

/** The path of an installed release: <cache>/zklab/toxiproxy/<release>/toxiproxy-server. */
export function installedServer(release: string, env: NodeJS.ProcessEnv = process.env): string {
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'zklab', 'toxiproxy', release, 'toxiproxy-server');
}
