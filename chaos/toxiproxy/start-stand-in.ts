import { fileURLToPath } from 'node:url';
import { execaNode } from 'execa';
import { endWithLab } from '../../bench/hosts/end-with-lab.ts';
import type { Toxiproxy } from './find.ts';
import { readVersion } from './ready.ts';
import { TailLog } from './tail-log.ts';

const READY_MAX_MS = 30_000;
const STOP_MAX_MS = 2_000;

/** Starts the built-in stand-in as a child that dies with this process, on a port of the system's choice. */
export async function startStandIn({ seed }: { seed: number }): Promise<Toxiproxy> {
  const log = new TailLog();
  const main = fileURLToPath(new URL('./stand-in/main.js', import.meta.url));
  const process = execaNode(main, ['--port', '0', '--seed', String(seed)], {
    ipc: true,
    // Else it would inherit ours: with `node -e` it would run that code again, with --inspect clash on the
    // port.
    nodeOptions: [],
    buffer: false,
    // Ctrl-C at a terminal is for the lab: faults are healed through this process.
    detached: true,
    reject: false,
    stdin: 'ignore',
    forceKillAfterDelay: STOP_MAX_MS,
  });
  const { pid } = process;
  const forget = pid === undefined ? undefined : endWithLab(pid);
  log.read(process.stdout);
  log.read(process.stderr);
  const stop = async () => {
    process.kill();
    await process;
    forget?.();
  };
  const tooLate = setTimeout(() => process.kill('SIGKILL'), READY_MAX_MS);
  try {
    const { port } = (await process.getOneMessage()) as { port: number };
    const url = `http://127.0.0.1:${port}`;
    const version = await readVersion(url);
    return { kind: 'stand-in', version, url, pid, log: () => `${log}`, stop };
  } catch (error) {
    await stop();
    throw new Error(`the Toxiproxy stand-in did not start: ${(error as Error).message}\n${log}`);
  } finally {
    clearTimeout(tooLate);
  }
}
