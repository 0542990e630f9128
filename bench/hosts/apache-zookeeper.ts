/** Where a machine has Apache ZooKeeper: in `ZOOKEEPER_HOME`, or in Debian's packages. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

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

/** On this machine. Undefined when Java or the jars are missing. */
export function findApacheZooKeeper(env: NodeJS.ProcessEnv = process.env): ApacheZooKeeper | undefined {
  const java = findJava(env);
  if (java === undefined) return undefined;
  return env.ZOOKEEPER_HOME ? ofDistribution(env.ZOOKEEPER_HOME, java) : ofDebian(java);
}

export const APACHE_HINT =
  'apt-get install default-jre-headless libzookeeper-java, or set ZOOKEEPER_HOME to an unpacked distribution';

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
