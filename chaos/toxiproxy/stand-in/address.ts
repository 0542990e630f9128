import type { AddressInfo } from 'node:net';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Parses `host:port`, `[v6]:port`, `:port` or an empty text, which means `:0`. Without a host it is loopback,
 * where Toxiproxy would take every interface.
 */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text || ':0');
  const port = Number(match?.[3]);
  if (match === null || port > 65_535)
    throw new Error(`address ${JSON.stringify(text)}: expected host:port with a port of 0 to 65535`);
  return { host: match[1] || match[2] || '127.0.0.1', port };
}

export function formatAddress({ address, family, port }: AddressInfo): string {
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * Whether a proxy that listens on `actual` already satisfies `asked`. A port of 0 always asks for a new one.
 */
export function sameListen(actual: string, asked: string): boolean {
  if (actual === asked) return true;
  const { host, port } = parseAddress(asked);
  return host === 'localhost' && actual === `127.0.0.1:${port}`;
}
