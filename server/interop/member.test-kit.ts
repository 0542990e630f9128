/**
 * One member of an ensemble as a process: ours, or Apache's. Both die with the test, even when it is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import * as net from 'node:net';
import { join } from 'node:path';
import { findApacheZooKeeper, onPath, ourServer, quickJava, requirePeer, until } from '#test';
import { CLIENT_PORT } from './zk-client.test-kit.ts';

export type Implementation = 'zklab' | 'apache';

const JARS = ['zookeeper', 'netty-codec', 'netty-resolver', 'servlet-api', 'slf4j-simple', 'commons-cli'];
/** Another version than Debian's: `ZOOKEEPER_HOME`, an unpacked distribution. */
const HOME = process.env.ZOOKEEPER_HOME;
/** The libraries of the AdminServer, of compressed snapshots, and of TLS between members. */
const MORE_JARS = [
  ...['server', 'servlet', 'security', 'http', 'io', 'util', 'util-ajax'].map(name => `jetty9-${name}`),
  ...['core', 'databind', 'annotations'].map(name => `jackson-${name}`),
  'snappy-java',
  ...['handler', 'buffer', 'common', 'transport'].map(name => `netty-${name}`),
];
const jarFile = (jar: string) => `/usr/share/java/${jar}.jar`;
const JAR_FILES = HOME ? [join(HOME, 'lib')] : JARS.map(jarFile);
export const CLASS_PATH = HOME ? join(HOME, 'lib', '*') : [...JAR_FILES, ...MORE_JARS.map(jarFile)].join(':');
const APACHE_MAIN = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
/**
 * A leader looks for empty containers after a minute, which falls after the end of a run on one machine and
 * into its middle on another.
 */
export const CONTAINERS_STAY = 'znode.container.checkIntervalMs=86400000';
/** Enough for a JVM on a machine that is busy with other tests. */
const SERVE_DEADLINE_MS = 90_000;
const WORD_DEADLINE_MS = 15_000;
export const ADMIN_PORT = 8080;

/**
 * The releases of Apache ZooKeeper that the main stories run with, one after the other; undefined is the one
 * that the machine has. ZKLAB_APACHE_RELEASES names others, from the oldest on: 3.5.10,3.6.4,3.7.2.
 */
export const RELEASES: readonly (string | undefined)[] = process.env.ZKLAB_APACHE_RELEASES?.split(',') ?? [
  undefined,
  '3.9.5',
];

export function requireApache(release?: string): void {
  const own = onPath('java') !== undefined && JAR_FILES.every(jar => existsSync(jar));
  const there = release === undefined ? own : findApacheZooKeeper(release) !== undefined;
  requirePeer(`java with ${apache(release)}`, there, 'a real member of the ensemble');
  requirePeer('setpriv', onPath('setpriv'), 'what is started dies with the test');
}

/** The name of the release in titles of tests. */
export function apache(release?: string): string {
  return release === undefined ? "Apache's" : `Apache's ${release}`;
}

/** Settings that Apache's servers do not look for in zoo.cfg. */
const JUTE_MAX_BUFFER = /^jute\.maxbuffer=\d+$/m;
const MULTI_ADDRESS = /^multiAddress\.enabled=\w+$/m;
const HEAP_MIB = 128;
const LARGE_HEAP_MIB = 320;

function apacheCommand({ configPath, flags, release }: Member): string[] {
  const text = readFileSync(configPath, 'utf8');
  const maxBuffer = JUTE_MAX_BUFFER.exec(text)?.[0];
  const multiAddress = MULTI_ADDRESS.exec(text)?.[0];
  const jvm = quickJava(maxBuffer === undefined ? HEAP_MIB : LARGE_HEAP_MIB, release);
  const settings = ['-Dorg.slf4j.simpleLogger.showDateTime=true', `-D${CONTAINERS_STAY}`];
  if (maxBuffer !== undefined) settings.push(`-D${maxBuffer}`);
  if (multiAddress !== undefined) settings.push(`-Dzookeeper.${multiAddress}`);
  const { java = 'java', classPath = CLASS_PATH } =
    (release !== undefined && findApacheZooKeeper(release)) || {};
  return [java, ...jvm, ...settings, ...flags, '-cp', classPath, APACHE_MAIN, configPath];
}

export class Member {
  readonly sid: number;
  /** The address at which the test dials it. */
  readonly host: string;
  readonly clientPort: number;
  readonly folder: string;
  implementation: Implementation;
  /** Release of Apache ZooKeeper from its next start on; undefined: the one that the machine has. */
  release: string | undefined;
  /** Limit on file descriptors from its next start on; undefined: the limit of this process. */
  descriptorsMax: number | undefined;
  /** System properties (-Dname=value), from its next start on. */
  flags: readonly string[] = [];
  #child: ChildProcess | null = null;

  constructor(
    sid: number,
    host: string,
    folder: string,
    implementation: Implementation,
    clientPort = CLIENT_PORT,
  ) {
    this.sid = sid;
    this.host = host;
    this.clientPort = clientPort;
    this.folder = folder;
    this.implementation = implementation;
  }

  get configPath(): string {
    return join(this.folder, 'zoo.cfg');
  }

  get dataFolder(): string {
    return join(this.folder, 'data', 'version-2');
  }

  get running(): boolean {
    return this.#child !== null;
  }

  /** True when it was started and has ended by itself. */
  get ended(): boolean {
    return this.#child !== null && this.#child.exitCode !== null;
  }

  /** Id of the process that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Its output so far, over all its starts. */
  get log(): string {
    const path = join(this.folder, 'log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  start(): void {
    if (this.#child !== null) throw new Error(`member ${this.sid} runs already`);
    const ours = this.implementation === 'zklab';
    const command = ours
      ? [process.execPath, '--enable-source-maps', ourServer(), this.configPath, ...this.flags]
      : apacheCommand(this);
    const log = openSync(join(this.folder, 'log'), 'a');
    const limited = this.descriptorsMax === undefined ? [] : ['prlimit', `--nofile=${this.descriptorsMax}`];
    const args = ['--pdeathsig', 'KILL', ...limited, ...command];
    const child = spawn('setpriv', args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stops it as an operator does. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /**
   * Freezes it: its connections stay, and it sends nothing. On a busy machine a JVM's threads go on for a
   * while after the signal.
   */
  async pause(): Promise<void> {
    const tasks = `/proc/${this.pid}/task`;
    this.#child?.kill('SIGSTOP');
    const stopped = (task: string) => /\) [Tt] /.test(readFileSync(join(tasks, task, 'stat'), 'latin1'));
    await until(() => readdirSync(tasks).every(stopped), {
      deadlineMs: SERVE_DEADLINE_MS,
      what: `member ${this.sid} to stop`,
      intervalMs: 5,
    });
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** The answer to a four-letter word, read to the end. */
  word(word: string, host = this.host): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host, port: this.clientPort });
      const chunks: Buffer[] = [];
      socket.setTimeout(WORD_DEADLINE_MS, () => socket.destroy(new Error(`${word}: no answer`)));
      socket.on('connect', () => socket.write(word));
      socket.on('data', chunk => chunks.push(chunk));
      socket.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      socket.on('error', reject);
      socket.on('close', () => reject(new Error(`${word}: connection closed`)));
    });
  }

  /** The answer of its AdminServer, if its plan has one. */
  async command(name: string): Promise<Record<string, unknown>> {
    const response = await fetch(`http://${this.host}:${ADMIN_PORT}/commands/${name}`);
    return (await response.json()) as Record<string, unknown>;
  }

  /** "leader", "follower" or "observer"; undefined while it does not serve. */
  async mode(): Promise<string | undefined> {
    return /^Mode: (\w+)$/m.exec(await this.word('srvr'))?.[1];
  }

  async zxid(): Promise<number> {
    return Number(/^Zxid: (0x[0-9a-f]+)$/m.exec(await this.word('srvr'))?.[1]);
  }

  async metric(name: string): Promise<number | undefined> {
    const value = new RegExp(`^zk_${name}\t(\\S+)$`, 'm').exec(await this.word('mntr'))?.[1];
    return value === undefined ? undefined : Number(value);
  }

  /** zxid in hex -> digest of the tree at that zxid, for the digests that the member still has. */
  async digests(): Promise<Map<string, string>> {
    const lines = (await this.word('hash')).trim().split('\n');
    return new Map(
      lines.filter(line => line.includes(': ')).map(line => line.split(': ') as [string, string]),
    );
  }

  async serves(mode?: string): Promise<void> {
    const what = `member ${this.sid} (${this.implementation}) to serve${mode === undefined ? '' : ` as ${mode}`}`;
    const serving = async () => {
      if (this.#child !== null && this.#child.exitCode !== null) return true;
      const now = await this.mode();
      return mode === undefined ? now !== undefined : now === mode;
    };
    await until(serving, { deadlineMs: SERVE_DEADLINE_MS, what, intervalMs: 50 });
    if (this.#child !== null && this.#child.exitCode !== null) {
      throw new Error(`member ${this.sid} (${this.implementation}) ended: ${this.log.slice(-2000)}`);
    }
  }
}
