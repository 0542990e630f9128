import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Lookup, NameLookup } from '../addresses/name-lookup.ts';
import { named } from './tls-refusal.ts';

/** Limit on the names of one certificate that are looked up. */
export const CERTIFICATE_NAMES_MAX = 8;

/** Whether a certificate says that it is for this name or address. */
export function isForHost(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) === 0) return certificate.checkHost(host) !== undefined;
  const [address = host] = host.split('%');
  if (certificate.checkIP(address) !== undefined) return true;
  // A certificate without alternative names is for its common name, which may be an address.
  return certificate.subjectAltName === undefined && certificate.checkHost(address) !== undefined;
}

/** Names of a certificate that can be looked up: no patterns. */
function namesIn(certificate: X509Certificate): string[] {
  const { subjectAltName, subject } = certificate;
  const found =
    subjectAltName === undefined
      ? subject.matchAll(/^CN=(.+)$/gm)
      : subjectAltName.matchAll(/DNS:([\w.-]+)/g);
  // A text in a certificate may look like several names: only what OpenSSL finds in it counts.
  return [...new Set([...found].map(([, name = '']) => name))]
    .filter(name => isIP(name) === 0 && certificate.checkHost(name, { wildcards: false }) !== undefined)
    .slice(0, CERTIFICATE_NAMES_MAX);
}

/** Where a peer is. */
export interface PeerHost {
  /** What was dialled; undefined for a peer that dials. */
  readonly name: string | undefined;
  readonly address: string;
}

const NOTHING: Lookup = { cancel() {} };

/**
 * Calls `done` with null when the certificate is for the peer's host, else with the reason. A peer that has
 * no name but an address may have a certificate with names alone: one of them must then resolve to the
 * address. Upstream asks for the name of the address instead, which whoever owns the address can choose.
 */
export function checkPeerHost(
  certificate: X509Certificate,
  { name, address }: PeerHost,
  lookups: Pick<NameLookup, 'find'>,
  done: (reason: string | null) => void,
): Lookup {
  if (isForHost(certificate, address) || (name !== undefined && isForHost(certificate, name))) {
    done(null);
    return NOTHING;
  }
  const { subjectAltName, subject } = certificate;
  const reason = `its certificate is for ${named(subjectAltName ?? subject)}, and not for ${name ?? address}`;
  const names = name === undefined || isIP(name) !== 0 ? namesIn(certificate) : [];
  const open = new Set<Lookup>();
  const finish = (verdict: string | null): void => {
    for (const lookup of open) lookup.cancel();
    open.clear();
    done(verdict);
  };
  if (names.length === 0) finish(reason);
  for (const each of names) {
    const lookup = lookups.find(each, (_error, addresses) => {
      open.delete(lookup);
      if (addresses.includes(address)) finish(null);
      else if (open.size === 0) finish(reason);
    });
    open.add(lookup);
  }
  return {
    cancel() {
      for (const lookup of open) lookup.cancel();
      open.clear();
    },
  };
}
