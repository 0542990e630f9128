import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ExecaError, execa } from 'execa';
import { APACHE_RELEASE, installedApache } from './cache.ts';
import { pomOf } from './pom.ts';
import { isRelease, RELEASE_ACCEPTED } from './release.ts';

/**
 * npm run apache:install [-- RELEASE]: lets Maven copy a release of Apache ZooKeeper into the cache folder,
 * with what its server needs. Does nothing when it is there. Exit codes: 0 it is installed; 1 it is not, and
 * the output says why; 2 what was given is no release.
 */
const INSTALL_TIMEOUT_MS = 600_000;
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1';
/** Maven says at its end what was wrong. */
const LAST_LINES = 12;

const release = process.argv[2] ?? APACHE_RELEASE;
if (!isRelease(release)) {
  console.error(`"${release}" is not a release of Apache ZooKeeper; accepted are ${RELEASE_ACCEPTED}.`);
  process.exitCode = 2;
} else process.exitCode = await installed(release);

async function installed(release: string): Promise<number> {
  const target = installedApache(release);
  if (existsSync(target)) {
    console.log(`Apache ZooKeeper ${release} is installed: ${target}`);
    return 0;
  }
  try {
    await install(release, target);
    console.log(`installed ${target}`);
    return 0;
  } catch (error) {
    console.error(whyNot(error));
    return 1;
  }
}

async function install(release: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const making = await mkdtemp(join(dirname(target), 'making-'));
  try {
    const pom = join(making, 'pom.xml');
    await writeFile(pom, pomOf(release));
    console.log(`mvn copies org.apache.zookeeper:zookeeper:${release}`);
    const lib = `-DoutputDirectory=${join(making, 'lib')}`;
    await execa('mvn', ['--batch-mode', '--quiet', '--file', pom, `${PLUGIN}:copy-dependencies`, lib], {
      cwd: making,
      all: true,
      stdin: 'ignore',
      timeout: INSTALL_TIMEOUT_MS,
    });
    await rename(making, target);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

function whyNot(error: unknown): string {
  if (!(error instanceof ExecaError)) return (error as Error).message;
  if (error.code === 'ENOENT')
    return 'Maven was not found on the PATH; to get it: apt-get install maven, or https://maven.apache.org.';
  const said = String(error.all ?? '').trim();
  return [error.shortMessage, ...said.split('\n').slice(-LAST_LINES)].join('\n');
}
