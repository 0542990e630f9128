import { spawnSync } from 'node:child_process';

const MAX_MS = 5_000;
const SCRIPT = `
const [url, ...names] = process.argv.slice(1);
const remove = name => fetch(url + '/proxies/' + encodeURIComponent(name), { method: 'DELETE' });
void Promise.allSettled(names.map(remove));
`;

/**
 * Removes the proxies of a Toxiproxy that stays, when this process ends and can no longer await anything: a
 * child process sends the requests, synchronously.
 */
export function removeProxiesNow(url: string, names: readonly string[]): void {
  spawnSync(process.execPath, ['-e', SCRIPT, url, ...names], { timeout: MAX_MS, stdio: 'ignore' });
}
