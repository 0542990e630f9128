import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ExecaError, execa } from 'execa';
import { installedServer, installFolder, TOXIPROXY_VERSION } from './cache.ts';
import { isExecutable } from './executable.ts';

/** npm run toxiproxy:install: Toxiproxy into the cache folder, by Go's own installer. Does nothing when it is there. */
const MODULE = `github.com/Shopify/toxiproxy/v2/cmd/server@${TOXIPROXY_VERSION}`;
const INSTALL_TIMEOUT_MS = 600_000;

const target = installedServer();
try {
  if (await isExecutable(target)) console.log(`Toxiproxy ${TOXIPROXY_VERSION} is installed: ${target}`);
  else await install();
} catch (error) {
  console.error(`Toxiproxy ${TOXIPROXY_VERSION} was not installed: ${reason(error)}`);
  console.error('The lab works without it: its built-in stand-in will serve, and reports will say so.');
  process.exitCode = 1;
}

async function install(): Promise<void> {
  await mkdir(installFolder(), { recursive: true });
  const building = await mkdtemp(join(installFolder(), 'building-'));
  try {
    console.log(`go install ${MODULE}`);
    await execa('go', ['install', MODULE], {
      env: { GOBIN: building },
      // Outside any module, so that no go.mod has a say in it.
      cwd: building,
      stdout: 'inherit',
      timeout: INSTALL_TIMEOUT_MS,
    });
    await rename(join(building, 'server'), target);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  console.log(`installed ${target}`);
}

function reason(error: unknown): string {
  if (!(error instanceof ExecaError)) return String(error);
  if (error.code === 'ENOENT') return 'Go was not found on the PATH (https://go.dev/dl)';
  return error.message;
}
