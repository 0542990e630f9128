import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Whether a request is meant for this API and does not come from a web page of another origin. A page that a
 * browser has loaded can send requests here. If its host name points to this machine (DNS rebinding), it can
 * also read the answers (field report D4).
 *
 * @param listensOn when this is a network address, the API can be reached by it and by any address of the
 * machine
 */
export function isFromHere({ host, origin }: IncomingHttpHeaders, listensOn: string): boolean {
  const here = (url: string) => URL.canParse(url) && isHere(new URL(url).hostname, listensOn);
  return (host === undefined || here(`http://${host}`)) && (origin === undefined || here(origin));
}

function isHere(hostname: string, listensOn: string): boolean {
  if (LOOPBACK.test(hostname) || hostname === listensOn.toLowerCase()) return true;
  // Nobody can make an address point elsewhere.
  return !LOOPBACK.test(listensOn) && (/^[\d.]+$/.test(hostname) || hostname.startsWith('['));
}
