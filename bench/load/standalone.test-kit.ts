/** One standalone server, Apache's or ours, for tests of the driver. Ensembles are the business of bench/topology. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import * as net from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onPath, requirePeer, temporaryFolder, until } from '#test';
import { fourLetterWord, parseSrvr } from '../measure/four-letter.ts';

const JARS = ['zookeeper', 'netty-codec', 'netty-resolver', 'servlet-api', 'slf4j-simple'];
const CLASS_PATH = JARS.map(jar => `/usr/share/java/${jar}.jar`);
const JAVA_MAIN = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
const JAVA_FLAGS = ['-Xmx256m', '-Dzookeeper.extendedTypesEnabled=true', '-cp', CLASS_PATH.join(':')];
const START_DEADLINE_MS = 20_000;

/** What the client and the driver say must be true of both. */
export const implementations = ['apache', 'zklab'] as const;
export type Implementation = (typeof implementations)[number];

const ZKLAB_MAIN = fileURLToPath(new URL('../../server/main.js', import.meta.url));

export interface Standalone {
  port: number;
  connectString: string;
  pid: number;
  /** Kills and starts again, on the same port and data. */
  restart(): Promise<void>;
  kill(): Promise<void>;
}

/** Skips the test where Apache is asked for and not installed. The server dies with the body. */
export async function withStandalone(
  implementation: Implementation,
  body: (server: Standalone) => Promise<void>,
): Promise<void> {
  if (implementation === 'apache') {
    const installed = onPath('java') !== undefined && CLASS_PATH.every(jar => existsSync(jar));
    requirePeer('java with Apache ZooKeeper', installed, 'what the driver says is judged by the real server');
  }
  const folder = temporaryFolder();
  const port = await freePort();
  const settings = [`dataDir=${folder}`, `clientPort=${port}`, 'clientPortAddress=127.0.0.1', 'tickTime=500'];
  settings.push(
    'admin.enableServer=false',
    '4lw.commands.whitelist=*',
    'maxClientCnxns=0',
    'extendedTypesEnabled=true',
  );
  const configuration = join(folder, 'zoo.cfg');
  writeFileSync(configuration, `${settings.join('\n')}\n`);
  let server = await start(implementation, configuration, port);
  const standalone: Standalone = {
    port,
    connectString: `127.0.0.1:${port}`,
    pid: server.pid ?? 0,
    kill: () => stop(server),
    restart: async () => {
      await stop(server);
      server = await start(implementation, configuration, port);
      standalone.pid = server.pid ?? 0;
    },
  };
  try {
    await body(standalone);
  } finally {
    await stop(server);
  }
}

async function start(
  implementation: Implementation,
  configuration: string,
  port: number,
): Promise<ChildProcess> {
  const server =
    implementation === 'apache'
      ? spawn('java', [...JAVA_FLAGS, JAVA_MAIN, configuration], { stdio: 'ignore' })
      : spawn(process.execPath, [ZKLAB_MAIN, configuration], { stdio: 'ignore' });
  // A test that crashes runs no `finally`; its server must not outlive it.
  const killAtExit = () => server.kill('SIGKILL');
  process.once('exit', killAtExit);
  server.once('close', () => process.off('exit', killAtExit));
  const serves = async () => parseSrvr(await fourLetterWord({ host: '127.0.0.1', port }, 'srvr'));
  try {
    await until(serves, {
      deadlineMs: START_DEADLINE_MS,
      what: `${implementation} to serve`,
      intervalMs: 50,
    });
  } catch (error) {
    await stop(server);
    throw error;
  }
  return server;
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const closed = once(server, 'close');
  server.kill('SIGKILL');
  await closed;
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}
