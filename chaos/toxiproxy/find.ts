import { UsageError } from '../../bench/usage-error.ts';
import { installedServer, TOXIPROXY_RELEASES } from './cache.ts';
import { findOnPath, isExecutable } from './executable.ts';
import { readVersion } from './ready.ts';
import { startServer } from './start-server.ts';
import { startStandIn } from './start-stand-in.ts';
import type { Toxiproxy } from './toxiproxy.ts';

export interface FindOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Of jitter, slices and toxicity; only the stand-in can keep it. */
  readonly seed?: number;
}

/**
 * The Toxiproxy of this run, in the order TOXIPROXY_URL, `toxiproxy-server` on the PATH, the one that
 * `npm run toxiproxy:install` installed, the built-in stand-in. Say in the report which one it was.
 * @throws when TOXIPROXY_URL names something that does not answer, or a server does not start.
 */
export async function findToxiproxy({ env = process.env, seed = 1 }: FindOptions = {}): Promise<Toxiproxy> {
  if (env.TOXIPROXY_URL) return connectExternal(env.TOXIPROXY_URL);
  const server = await findServer(env);
  return server === undefined ? startStandIn({ seed }) : startServer(server);
}

/** A real toxiproxy-server of this machine; undefined when there is none. */
export async function findServer(
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ file: string; version?: string } | undefined> {
  const onPath = await findOnPath('toxiproxy-server', env.PATH);
  if (onPath !== undefined) return { file: onPath };
  return findInstalled(env);
}

/**
 * The newest that `npm run toxiproxy:install` left. Built by `go install` it calls itself "git"; its folder
 * knows better.
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

async function connectExternal(text: string): Promise<Toxiproxy> {
  const url = text.replace(/\/+$/, '');
  const version = await readVersion(url).catch((error: Error) => {
    throw new UsageError(`TOXIPROXY_URL is ${text}, but no Toxiproxy answers there: ${error.message}`);
  });
  return { kind: 'external', version, url, pid: undefined, log: () => '', stop: async () => {} };
}
