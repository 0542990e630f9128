import type { Address } from '../runtime.ts';
import { parseIpRange } from './ip-address.ts';

/**
 * The spelling of hosts. Servers compare the texts of each other's addresses, so equal addresses must be
 * equal texts: IPv6 as Java spells it, without "::" and leading zeros, and IPv4 always in its own form.
 */

/** Every address of this machine, of both families where it has both. */
export const ANY_HOST = '0.0.0.0';

const ANY_ADDRESSES: ReadonlySet<string> = new Set([ANY_HOST, '0:0:0:0:0:0:0:0']);

/** Java listens on both families for either of these, with an IPv6 socket that also accepts IPv4. */
export function isAnyHost(host: string): boolean {
  return ANY_ADDRESSES.has(canonicalHost(host));
}

/** Returns an address in its one spelling, without brackets, and a name unchanged. */
export function canonicalHost(host: string): string {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return ipAddress(bare) ?? host;
}

/** The one spelling of an IPv4 or IPv6 address, with its zone; undefined when the text is none. */
export function ipAddress(text: string): string | undefined {
  const [, address = '', zone = ''] = /^([^%]*)(%[\w.-]+)?$/.exec(text) ?? [];
  const bytes = javaIpv4(address) ?? (address.includes('/') ? undefined : parseIpRange(address)?.bytes);
  if (bytes === undefined || (bytes.length === 4 && zone !== '')) return undefined;
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0));
  return groups.map(group => group.toString(16)).join(':') + zone;
}

/**
 * IPv4 as Java reads it: one to four decimal numbers, of which the last fills the bytes that are left.
 * "10.0.0.010" is 10.0.0.10. The resolver of the system takes a leading 0 for octal, so it would find another
 * host.
 */
function javaIpv4(text: string): number[] | undefined {
  if (!/^\d{1,10}(\.\d{1,10}){0,3}$/.test(text)) return undefined;
  const parts = text.split('.').map(Number);
  const last = parts.pop() ?? 0;
  const lastBytes = 4 - parts.length;
  if (parts.some(part => part > 255) || last >= 256 ** lastBytes) return undefined;
  const filled = Array.from(
    { length: lastBytes },
    (_, i) => Math.floor(last / 256 ** (lastBytes - 1 - i)) % 256,
  );
  return [...parts, ...filled];
}

/** Whether a dial or a listen failed because the name does not resolve (yet). */
export function isUnresolved(error: Error): boolean {
  return (error as NodeJS.ErrnoException).syscall === 'getaddrinfo';
}

/** `host:port`, with brackets around an IPv6 host. */
export function formatAddress({ host, port }: Address): string {
  return `${bracketed(host)}:${port}`;
}

export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
