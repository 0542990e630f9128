import { type AddressInfo, createServer } from 'node:net';
import { execa } from 'execa';
import { diesWithParent } from '../../bench/hosts/dies-with-parent.ts';
import { type Registration, registerProcess } from '../../bench/hosts/reaper.ts';
import { CHILD_OPTIONS, tend } from './child.ts';
import { untilReady } from './ready.ts';
import { TailLog } from './tail-log.ts';
import type { Toxiproxy } from './toxiproxy.ts';

const START_ATTEMPTS = 5;
const READY_MAX_MS = 30_000;

/** Starts a toxiproxy-server with byte counters, on a free port of the loopback interface. */
export async function startServer(server: { file: string; version?: string }): Promise<Toxiproxy> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOn(server, await freePort());
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function startOn(
  { file, version }: { file: string; version?: string },
  port: number,
): Promise<Toxiproxy> {
  const log = new TailLog();
  const command = diesWithParent({
    file,
    args: ['-host', '127.0.0.1', '-port', String(port), '-proxy-metrics'],
  });
  const process = execa(command.file, command.args, {
    // At its default level, debug, it logs every request.
    env: { LOG_LEVEL: 'warn' },
    ...CHILD_OPTIONS,
  });
  const { pid } = process;
  const { end, exit } = tend(process, log);
  let registration: Registration | undefined;
  const stop = async () => {
    await end();
    registration?.remove();
  };
  // On a port clash the server logs the error and keeps running without listening; another process answers on
  // that port.
  const deaf = () => log.toString().includes('Server finished with error');
  const url = `http://127.0.0.1:${port}`;
  try {
    // Without setpriv the server does not notice when its lab is killed; the next lab ends it.
    if (pid !== undefined) registration = registerProcess(pid, `-port ${port}`);
    const alive = () => process.exitCode === null && process.signalCode === null && !deaf();
    const said = await untilReady(url, alive, READY_MAX_MS);
    if (deaf()) throw new Error(`port ${port} is taken`);
    return {
      kind: 'real',
      version: version ?? said,
      url,
      proxyPrefix: '',
      pid,
      exit,
      log: () => `${log}`,
      stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`${file} did not start on port ${port}: ${(error as Error).message}\n${log}`);
  }
}

/** Free at this moment. Another process may take it before the server does, so the caller retries. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}
