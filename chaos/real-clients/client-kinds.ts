/** The registry of clients that applications use: what each needs, and the program that drives it. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { findApacheZooKeeper } from '../../bench/hosts/apache-zookeeper.ts';
import { build, PROGRAMS } from './build.ts';

export const CLIENT_NAMES = ['java', 'c', 'kazoo', 'curator'] as const;

export type ClientName = (typeof CLIENT_NAMES)[number];

export interface ClientKind {
  readonly name: ClientName;
  /** Whether it has a recipe of locks of its own. */
  readonly hasLocks: boolean;
  /** Why it cannot run on this machine; undefined when it can. */
  missing(): string | undefined;
  /**
   * Compiles its program unless that has been done. Then `command` may be called.
   * @throws Error with what the compiler says
   */
  prepare(): Promise<void>;
  /** @param connectString "host:port,host:port", and a path below which it stays */
  command(connectString: string, timeoutMs: number): readonly string[];
}

const DEBIAN_JARS = '/usr/share/java';
const CURATOR_JARS = ['curator-recipes', 'curator-framework', 'curator-client', 'guava'];
const HEAP_MIB = 64;
const JAVA_FLAGS = [
  `-Xmx${HEAP_MIB}m`,
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=off',
];

/** A client on the JVM: its classes, and the jars that it needs beside those of ZooKeeper. */
function onJava(
  of: Pick<ClientKind, 'name' | 'hasLocks'>,
  main: string,
  jars: readonly string[],
): ClientKind {
  const sources = ['Client.java', `${main}.java`];
  const classPath = () => [findApacheZooKeeper()?.classPath ?? '', ...jars].join(delimiter);
  const task = () => ({
    name: of.name,
    sources,
    /** Another version of the library may need other classes. */
    key: `${findApacheZooKeeper()?.version} ${jars.join()}`,
    command: (files: readonly string[], folder: string) => [
      compilerOf(findApacheZooKeeper()?.java) ?? 'javac',
      ...['-nowarn', '-cp', classPath(), '-d', folder],
      ...files,
    ],
  });
  let folder = '';
  return {
    ...of,
    missing() {
      const found = findApacheZooKeeper();
      if (found === undefined) return 'Java or the jars of Apache ZooKeeper are missing';
      if (compilerOf(found.java) === undefined) return 'javac is missing';
      const jar = jars.find(each => !existsSync(each));
      return jar === undefined ? undefined : `${jar} is missing`;
    },
    async prepare() {
      folder = await build(task());
    },
    command(servers, timeoutMs) {
      const program = findApacheZooKeeper()?.java ?? 'java';
      const path = [folder, classPath()].join(delimiter);
      return [program, ...JAVA_FLAGS, '-cp', path, main, servers, String(timeoutMs)];
    },
  };
}

/** Beside the program `java`, or on the PATH. */
function compilerOf(java: string | undefined): string | undefined {
  const folders = [
    ...(java === undefined ? [] : [dirname(java)]),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return folders.map(folder => join(folder, 'javac')).find(file => existsSync(file));
}

const java = onJava({ name: 'java', hasLocks: false }, 'PlainClient', []);

const curator = onJava(
  { name: 'curator', hasLocks: true },
  'CuratorClient',
  CURATOR_JARS.map(name => join(DEBIAN_JARS, `${name}.jar`)),
);

const C_HEADER = '/usr/include/zookeeper/zookeeper.h';
let cFolder = '';

const c: ClientKind = {
  name: 'c',
  hasLocks: false,
  missing() {
    if (!isOnPath('cc')) return 'a C compiler (cc) is missing';
    return existsSync(C_HEADER) ? undefined : `${C_HEADER} is missing`;
  },
  async prepare() {
    cFolder = await build({
      ...{ name: 'c', sources: ['c_client.c'], key: '' },
      command: (files, folder) => [
        ...['cc', '-O1', '-o', join(folder, 'c_client'), ...files],
        ...['-lzookeeper_mt', '-lpthread'],
      ],
    });
  },
  command: (servers, timeoutMs) => [join(cFolder, 'c_client'), servers, String(timeoutMs)],
};

/** Of Debian's own Python: the one that Debian's kazoo belongs to. */
const PYTHON = '/usr/bin/python3';

const kazoo: ClientKind = {
  name: 'kazoo',
  hasLocks: true,
  missing() {
    try {
      execFileSync(PYTHON, ['-c', 'import kazoo'], { stdio: 'ignore' });
      return undefined;
    } catch {
      return `${PYTHON} or its package kazoo is missing`;
    }
  },
  prepare: async () => {},
  command: (servers, timeoutMs) => [PYTHON, join(PROGRAMS, 'kazoo_client.py'), servers, String(timeoutMs)],
};

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some(folder => existsSync(join(folder, program)));
}

export const CLIENT_KINDS: readonly ClientKind[] = [java, c, kazoo, curator];
