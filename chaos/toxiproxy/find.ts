import { UsageError } from '../../bench/usage-error.ts';
import { installedServer, TOXIPROXY_RELEASES } from './cache.ts';
import { findOnPath, isExecutable } from './executable.ts';
import { labPrefix, removeLeftovers } from './lab-prefix.ts';
import { readVersion } from './ready.ts';
import { STAND_IN_VERSION } from './stand-in/version.ts';
import { startServer } from './start-server.ts';
import { startStandIn } from './start-stand-in.ts';
import type { Toxiproxy } from './toxiproxy.ts';

export interface FindOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Seed of jitter, slices and toxicity. Only the stand-in can use it. */
  readonly seed?: number;
  /** For faults that only the stand-in has: it is started, whatever else there is. @default false */
  readonly standIn?: boolean;
}

/** In TOXIPROXY_URL: the built-in stand-in, even where there is a Toxiproxy. */
export const STAND_IN = 'stand-in';

/**
 * Finds the Toxiproxy of this run. The order is TOXIPROXY_URL (a URL, or STAND_IN), `toxiproxy-server` on the
 * PATH, the one that `npm run toxiproxy:install` installed, and the stand-in. The report says which it was.
 * @throws when TOXIPROXY_URL names something that does not answer, or a server does not start
 */
export async function findToxiproxy({
  env = process.env,
  seed = 1,
  standIn = env.TOXIPROXY_URL === STAND_IN,
}: FindOptions = {}): Promise<Toxiproxy> {
  if (standIn) return startStandIn({ seed });
  if (env.TOXIPROXY_URL) return connectExternal(env.TOXIPROXY_URL);
  const server = await findServer(env);
  return server === undefined ? startStandIn({ seed }) : startServer(server);
}

/** Whether the stand-in answers there, and not Toxiproxy itself. */
export async function isStandIn(url: string): Promise<boolean> {
  return (await readVersion(url)) === STAND_IN_VERSION;
}

/** A real toxiproxy-server on this machine; undefined when there is none. */
export async function findServer(
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ file: string; version?: string } | undefined> {
  const onPath = await findOnPath('toxiproxy-server', env.PATH);
  if (onPath !== undefined) return { file: onPath };
  return findInstalled(env);
}

/**
 * The newest version that `npm run toxiproxy:install` installed. One built by `go install` reports the
 * version "git", so the version comes from its folder.
 */
export async function findInstalled(
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ file: string; version: string } | undefined> {
  for (const release of TOXIPROXY_RELEASES) {
    const file = installedServer(release, env);
    if (await isExecutable(file)) return { file, version: release.slice(1) };
  }
  return undefined;
}

/** @param text TOXIPROXY_URL. @throws UsageError */
export function externalUrl(text: string): string {
  const url = text.trim().replace(/\/+$/, '');
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' || parsed.search !== '' || parsed.hash !== '')
    throw new UsageError(
      `TOXIPROXY_URL is "${text}"; accepted is the URL of a Toxiproxy's API, such as http://127.0.0.1:8474, or ${STAND_IN}`,
    );
  return url;
}

async function connectExternal(text: string): Promise<Toxiproxy> {
  const url = externalUrl(text);
  const version = await readVersion(url).catch((error: Error) => {
    throw new UsageError(`TOXIPROXY_URL is ${text}, but no Toxiproxy answers there: ${error.message}`);
  });
  await removeLeftovers(url).catch(() => {});
  return {
    kind: 'external',
    version,
    url,
    proxyPrefix: labPrefix(),
    pid: undefined,
    exit: () => undefined,
    log: () => '',
    stop: async () => {},
  };
}
