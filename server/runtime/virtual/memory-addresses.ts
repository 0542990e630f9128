import { canonicalHost, isAnyHost } from '../addresses/host-address.ts';

const LOOPBACKS = new Set(['127.0.0.1', 'localhost', '0:0:0:0:0:0:0:1']);
/** Stands for all addresses of a host, when it listens on all of them. */
export const EVERY_HOST = '*';

export function listeningAt(host: string): string {
  return isOwn(host) ? EVERY_HOST : host;
}

export function isOwn(host: string): boolean {
  return host === '' || isAnyHost(host) || LOOPBACKS.has(canonicalHost(host));
}

export function unresolved(host: string): Error {
  return Object.assign(networkError('ENOTFOUND', `getaddrinfo ${host}`), { syscall: 'getaddrinfo' });
}

export function networkError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
