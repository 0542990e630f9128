import { fileURLToPath } from 'node:url';
import { execaNode } from 'execa';
import { CHILD_OPTIONS, tend } from './child.ts';
import { readVersion } from './ready.ts';
import { TailLog } from './tail-log.ts';
import type { Toxiproxy } from './toxiproxy.ts';

const READY_MAX_MS = 30_000;

/** Starts the built-in stand-in as a child that dies with this process, on a port that the system chooses. */
export async function startStandIn({ seed }: { seed: number }): Promise<Toxiproxy> {
  const log = new TailLog();
  const main = fileURLToPath(new URL('./stand-in/main.js', import.meta.url));
  const process = execaNode(main, ['--port', '0', '--seed', String(seed)], {
    ipc: true,
    // Otherwise it would inherit our options: `node -e` would run that code again, and --inspect would clash
    // on its port.
    nodeOptions: [],
    ...CHILD_OPTIONS,
  });
  const { pid } = process;
  const { end: stop, exit } = tend(process, log);
  const tooLate = setTimeout(() => process.kill('SIGKILL'), READY_MAX_MS);
  try {
    const { port } = (await process.getOneMessage()) as { port: number };
    const url = `http://127.0.0.1:${port}`;
    const version = await readVersion(url);
    return { kind: 'stand-in', version, url, proxyPrefix: '', pid, exit, log: () => `${log}`, stop };
  } catch (error) {
    await stop();
    throw new Error(`the Toxiproxy stand-in did not start: ${(error as Error).message}\n${log}`);
  } finally {
    clearTimeout(tooLate);
  }
}
