/**
 * Where a machine has Apache ZooKeeper: in `ZOOKEEPER_HOME`, in Debian's packages, or where `npm run
 * apache:install` put it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { APACHE_RELEASE, installedApache } from './apache/cache.ts';

export interface ApacheZooKeeper {
  readonly java: string;
  readonly classPath: string;
  /** For example 3.8.0, with Debian's revision for Debian's package. */
  readonly version: string;
}

export const APACHE_MAIN_CLASS = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';

const DEBIAN_FOLDER = '/usr/share/java';
/**
 * Jars that Debian's jar needs, but its manifest does not name, or names with another version. All are in the
 * same folder.
 */
const DEBIAN_JARS = ['zookeeper', 'netty-codec', 'netty-resolver', 'servlet-api', 'slf4j-simple'];
const DPKG_STATUS = '/var/lib/dpkg/status';

/**
 * On this machine. Undefined when Java or the jars are missing.
 *
 * @param release which one, for example 3.9.5. @default the one in ZOOKEEPER_HOME, else Debian's, else
 *   the one that `npm run apache:install` takes
 */
export function findApacheZooKeeper(
  release?: string,
  env: NodeJS.ProcessEnv = process.env,
): ApacheZooKeeper | undefined {
  const java = findJava(env);
  if (java === undefined) return undefined;
  const own = env.ZOOKEEPER_HOME ? ofDistribution(env.ZOOKEEPER_HOME, java) : ofDebian(java);
  if (own !== undefined && (release === undefined || releaseOf(own) === release)) return own;
  return ofDistribution(installedApache(release ?? APACHE_RELEASE, env), java);
}

/** Without Debian's revision. */
function releaseOf({ version }: ApacheZooKeeper): string | undefined {
  return /^\d+\.\d+\.\d+/.exec(version)?.[0];
}

/** How to get it. @param release as for `findApacheZooKeeper` */
export function apacheHint(release?: string): string {
  return release === undefined
    ? 'apt-get install default-jre-headless libzookeeper-java, npm run apache:install, or set ZOOKEEPER_HOME to an unpacked distribution'
    : `npm run apache:install -- ${release}`;
}

export const APACHE_HINT = apacheHint();

function findJava(env: NodeJS.ProcessEnv): string | undefined {
  const candidates = env.JAVA_HOME ? [join(env.JAVA_HOME, 'bin')] : (env.PATH ?? '').split(delimiter);
  return candidates.map(folder => join(folder, 'java')).find(file => existsSync(file));
}

function ofDistribution(home: string, java: string): ApacheZooKeeper | undefined {
  const lib = join(home, 'lib');
  const jars = existsSync(lib) ? readdirSync(lib).filter(name => name.endsWith('.jar')) : [];
  const version = jars.map(name => /^zookeeper-(\d[\w.-]*)\.jar$/.exec(name)?.[1]).find(Boolean);
  return version === undefined ? undefined : { java, classPath: join(lib, '*'), version };
}

function ofDebian(java: string): ApacheZooKeeper | undefined {
  const jars = DEBIAN_JARS.map(name => join(DEBIAN_FOLDER, `${name}.jar`));
  if (!jars.every(jar => existsSync(jar))) return undefined;
  return { java, classPath: jars.join(delimiter), version: debianVersion() ?? 'of unknown version' };
}

/** The jar does not tell its version, but its package does. */
function debianVersion(): string | undefined {
  if (!existsSync(DPKG_STATUS)) return undefined;
  const status = readFileSync(DPKG_STATUS, 'utf8');
  return /^Package: libzookeeper-java\n(?:.+\n)*?Version: (.+)$/m.exec(status)?.[1];
}
