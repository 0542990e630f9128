/**
 * Leads servers through the proxies that cannot read a link map themselves: Java dials through a SOCKS server
 * when it is told to, without a change to the program.
 */
import { fileURLToPath } from 'node:url';
import { execaNode } from 'execa';
import { CHILD_OPTIONS, tend } from '../../toxiproxy/child.ts';
import { TailLog } from '../../toxiproxy/tail-log.ts';

const READY_MAX_MS = 30_000;

export interface SocksServers {
  readonly pid: number | undefined;
  /** host:port by member. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Why they serve no more; undefined while they do. */
  whyLost(): string | undefined;
  stop(): Promise<void>;
}

/**
 * One process serves them all, and dies with this one. Undefined when nobody needs it.
 * @param linkMaps the file of each member, on this machine
 */
export async function startSocks(linkMaps: ReadonlyMap<string, string>): Promise<SocksServers | undefined> {
  if (linkMaps.size === 0) return undefined;
  const log = new TailLog();
  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  const process = execaNode(main, [...linkMaps.values()], {
    ipc: true,
    nodeOptions: [],
    env: { LOG_LEVEL: 'warn' },
    ...CHILD_OPTIONS,
  });
  const { pid } = process;
  const { end: stop, exit } = tend(process, log);
  const tooLate = setTimeout(() => process.kill('SIGKILL'), READY_MAX_MS);
  try {
    const { ports } = (await process.getOneMessage()) as { ports: number[] };
    const addresses = new Map([...linkMaps.keys()].map((name, at) => [name, `127.0.0.1:${ports[at]}`]));
    const name = `the SOCKS servers of Apache's members (process ${pid})`;
    const whyLost = () => (exit() === undefined ? undefined : `${name} ended by themselves with ${exit()}`);
    return { pid, addresses, whyLost, stop };
  } catch (error) {
    await stop();
    throw new Error(`the SOCKS servers did not start: ${(error as Error).message}\n${log}`);
  } finally {
    clearTimeout(tooLate);
  }
}
