/**
 * The names of proxies in a Toxiproxy that several labs may use. They carry the lab, so that no lab takes,
 * heals or removes the proxies of another one.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { identityOf, isSameProcess } from '../../bench/hosts/process-identity.ts';
import { ToxiproxyClient } from './client.ts';

const PREFIX = /^zklab-([\w-]+)-(\d+)-(\d+)-[0-9a-f]+\./;

/** `zklab-<machine>-<pid>-<start time of the process>-<random>.` */
export function labPrefix(): string {
  const { pid, startTime } = identityOf(process.pid) ?? { pid: process.pid, startTime: '0' };
  return `zklab-${machine()}-${pid}-${startTime}-${randomBytes(3).toString('hex')}.`;
}

/** Whether the lab whose proxy this is has ended. Only labs of this machine can be looked for. */
export function isLeftover(proxy: string): boolean {
  const [, host, pid, startTime = ''] = PREFIX.exec(proxy) ?? [];
  return host === machine() && startTime !== '0' && !isSameProcess({ pid: Number(pid), startTime });
}

/** Removes the proxies of labs that were killed. A failure is none of the new lab. */
export async function removeLeftovers(url: string): Promise<void> {
  const client = new ToxiproxyClient(url);
  const left = (await client.proxies()).filter(({ name }) => isLeftover(name));
  await Promise.allSettled(left.map(({ name }) => client.removeProxy(name)));
}

function machine(): string {
  return hostname().replace(/[^\w-]+/g, '-') || 'machine';
}
