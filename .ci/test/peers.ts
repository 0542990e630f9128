import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Thrown through a test body to skip the test. The harness reports it with its reason. */
export class Skip extends Error {
  override readonly name = 'Skip';
}

/**
 * Continues when `available`. Otherwise the test is reported as skipped, or fails when
 * `ZKLAB_REQUIRE_PEERS=1`, as in CI, where a silent skip would pass for evidence. Call it first in the body
 * of a test.
 *
 * @param peer what is missing: "java", "kazoo", "toxiproxy-server", "chromium", "cli_mt"
 * @param why what the test needs it for
 */
export function requirePeer(peer: string, available: unknown, why: string): void {
  if (available) return;
  const reason = `${peer} is not on this machine (${why})`;
  if (process.env.ZKLAB_REQUIRE_PEERS === '1') throw new Error(`${reason}, and ZKLAB_REQUIRE_PEERS=1`);
  throw new Skip(reason);
}

/** The path of an executable found through PATH, or undefined. */
export function onPath(command: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, command);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}
