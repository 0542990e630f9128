import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ExecaError, execa } from 'execa';
import { installedServer, TOXIPROXY_RELEASES } from './cache.ts';
import { findInstalled } from './find.ts';

/**
 * npm run toxiproxy:install: installs Toxiproxy into the cache folder with `go install`. Does nothing when it
 * is already there. Exit codes: 0 it is installed; 1 it is not, and the output says why.
 */
const INSTALL_TIMEOUT_MS = 600_000;

const present = await findInstalled();
if (present !== undefined) console.log(`Toxiproxy ${present.version} is installed: ${present.file}`);
else if (!(await installFirstThatBuilds())) {
  console.error('Toxiproxy was not installed. The lab works without it: its built-in stand-in will serve,');
  console.error('and reports will say so.');
  process.exitCode = 1;
}

async function installFirstThatBuilds(): Promise<boolean> {
  for (const release of TOXIPROXY_RELEASES) {
    try {
      await install(release);
      return true;
    } catch (error) {
      if (error instanceof ExecaError && error.code === 'ENOENT') {
        console.error('Go was not found on the PATH (https://go.dev/dl).');
        return false;
      }
      console.error(`${release}: ${(error as Error).message}`);
    }
  }
  return false;
}

async function install(release: string): Promise<void> {
  const target = installedServer(release);
  const module = `github.com/Shopify/toxiproxy/v2/cmd/server@${release}`;
  await mkdir(dirname(target), { recursive: true });
  const building = await mkdtemp(join(dirname(target), 'building-'));
  try {
    console.log(`go install ${module}`);
    // Run outside any module, so that no go.mod affects it.
    await execa('go', ['install', module], {
      env: { GOBIN: building },
      cwd: building,
      timeout: INSTALL_TIMEOUT_MS,
    });
    await rename(join(building, 'server'), target);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  console.log(`installed ${target}`);
}
