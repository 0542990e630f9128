/** One standalone Apache ZooKeeper, for tests of the driver. Whole ensembles are the business of bench/topology. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import * as net from 'node:net';
import { join } from 'node:path';
import { requirePeer, temporaryFolder, until } from '#test';
import { fourLetterWord, parseSrvr } from '../measure/four-letter.ts';

const JARS = ['zookeeper', 'netty-codec', 'netty-resolver', 'servlet-api', 'slf4j-simple'];
const CLASS_PATH = JARS.map(jar => `/usr/share/java/${jar}.jar`);
const START_DEADLINE_MS = 20_000;

export interface Apache {
  port: number;
  connectString: string;
  pid: number;
  /** Kills and starts again, on the same port and data. */
  restart(): Promise<void>;
  kill(): Promise<void>;
}

/** Skips the test where Apache ZooKeeper is not installed. The server dies with the body. */
export async function withApache(body: (apache: Apache) => Promise<void>): Promise<void> {
  const installed = existsSync('/usr/bin/java') && CLASS_PATH.every(jar => existsSync(jar));
  requirePeer('java with Apache ZooKeeper', installed, 'what the driver says is judged by the real server');
  const folder = temporaryFolder();
  const port = await freePort();
  const settings = [`dataDir=${folder}`, `clientPort=${port}`, 'clientPortAddress=127.0.0.1', 'tickTime=500'];
  settings.push('admin.enableServer=false', '4lw.commands.whitelist=*', 'maxClientCnxns=0');
  writeFileSync(join(folder, 'zoo.cfg'), `${settings.join('\n')}\n`);
  let server = await start(folder, port);
  const apache: Apache = {
    port,
    connectString: `127.0.0.1:${port}`,
    pid: server.pid ?? 0,
    kill: () => stop(server),
    restart: async () => {
      await stop(server);
      server = await start(folder, port);
      apache.pid = server.pid ?? 0;
    },
  };
  try {
    await body(apache);
  } finally {
    await stop(server);
  }
}

async function start(folder: string, port: number): Promise<ChildProcess> {
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  const flags = ['-Xmx256m', '-Dzookeeper.extendedTypesEnabled=true', '-cp', CLASS_PATH.join(':')];
  const server = spawn('java', [...flags, main, join(folder, 'zoo.cfg')], { stdio: 'ignore' });
  const serves = async () => parseSrvr(await fourLetterWord({ host: '127.0.0.1', port }, 'srvr'));
  try {
    await until(serves, { deadlineMs: START_DEADLINE_MS, what: 'Apache ZooKeeper to serve', intervalMs: 50 });
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
