import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Whether a request is meant for this API and does not come from a page of somewhere else: a page that a
 * browser has loaded can send requests here, and by a name that it has let point to this machine (DNS
 * rebinding) read the answers (field report D4).
 *
 * @param listensOn whoever had it listen on an address of the network reaches it by that, and by any address
 * of the machine
 */
export function isFromHere({ host, origin }: IncomingHttpHeaders, listensOn: string): boolean {
  const here = (url: string) => URL.canParse(url) && isHere(new URL(url).hostname, listensOn);
  return (host === undefined || here(`http://${host}`)) && (origin === undefined || here(origin));
}

function isHere(hostname: string, listensOn: string): boolean {
  if (LOOPBACK.test(hostname) || hostname === listensOn.toLowerCase()) return true;
  // An address is what nobody can let point elsewhere.
  return !LOOPBACK.test(listensOn) && (/^[\d.]+$/.test(hostname) || hostname.startsWith('['));
}
