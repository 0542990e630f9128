import { X509Certificate } from 'node:crypto';
import type { PortSecurity, SecurityContext } from '../runtime.ts';
import { isForHost } from '../tls/peer-host.ts';

/** The certificates that each end sees, or why there is no connection. */
export type Handshake =
  | { readonly dialled: X509Certificate | null; readonly dialler: X509Certificate | null }
  | { readonly refusal: string };

const PLAIN: Handshake = { dialled: null, dialler: null };

/**
 * TLS of the simulated network. Nothing is encrypted, and certificates are judged as Node.js does, except
 * that there are no intermediate ones. A dialler learns at once that it is refused.
 */
export function shakeHands(
  { host, dialler, from }: { host: string; dialler: SecurityContext | undefined; from: string },
  port: PortSecurity | undefined,
): Handshake {
  if (port === undefined) return dialler === undefined ? PLAIN : { refusal: 'TLS is not spoken here' };
  if (dialler === undefined) return port.acceptsPlain ? PLAIN : { refusal: 'it does not speak TLS' };
  const listener = port.context();
  const dialled = shown(listener);
  if (dialled === null) return { refusal: 'the listener has no certificate' };
  if (!isIssued(dialled, dialler)) return { refusal: 'the certificate of the listener is not accepted' };
  if (dialler.verifiesHost && !isForHost(dialled, host))
    return { refusal: `the certificate of the listener is not for ${host}` };
  const own = listener.peer === 'none' ? null : shown(dialler);
  if (own === null && listener.peer === 'need') return { refusal: 'it shows no certificate' };
  if (own !== null && !isIssued(own, listener)) return { refusal: 'its certificate is not accepted' };
  if (own !== null && listener.verifiesHost && !isForHost(own, from))
    return { refusal: `its certificate is not for ${from}` };
  return { dialled, dialler: own };
}

function shown({ identity }: SecurityContext): X509Certificate | null {
  return identity === undefined ? null : new X509Certificate(identity.certificate);
}

function isIssued(certificate: X509Certificate, { authorities }: SecurityContext): boolean {
  return authorities.some(pem => {
    const authority = new X509Certificate(pem);
    return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  });
}
