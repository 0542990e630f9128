import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isRelease } from './release.ts';

/** What `npm run apache:install` takes if it is given no release; tests run beside it, too. */
export const APACHE_RELEASE = '3.9.5';

/** The folder of an installed release, in the form of a distribution: its jars are in `lib`. */
export function installedApache(release: string, env: NodeJS.ProcessEnv = process.env): string {
  return join(folderOf(env), release);
}

/** In alphabetical order. */
export function installedReleases(env: NodeJS.ProcessEnv = process.env): string[] {
  const folder = folderOf(env);
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return names.filter(isRelease);
}

function folderOf(env: NodeJS.ProcessEnv): string {
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'zklab', 'apache-zookeeper');
}
