import { constants, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  connect,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { printable } from '../../printable.ts';
import { canonicalHost } from '../addresses/host-address.ts';
import type { NameLookup } from '../addresses/name-lookup.ts';
import type { Address, SecurityContext } from '../runtime.ts';
import { checkPeerHost } from './peer-host.ts';
import { certificateReason, TlsRefusal } from './tls-refusal.ts';

function contextOptions({ identity, authorities, versions, ciphers }: SecurityContext): SecureContextOptions {
  return {
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.privateKey }),
    ca: [...authorities],
    minVersion: versions?.min ?? 'TLSv1.2',
    maxVersion: versions?.max ?? 'TLSv1.3',
    ...(ciphers === undefined ? {} : { ciphers }),
  };
}

/** Peers are judged by `TlsDoor`, where the reason is known. */
export function listenerOptions(context: SecurityContext): TlsOptions {
  return {
    ...contextOptions(context),
    // A resumed session is not judged again, whatever has become of its certificate.
    secureOptions: constants.SSL_OP_NO_TICKET,
    requestCert: context.peer !== 'none',
    rejectUnauthorized: false,
  };
}

/** Dials with TLS. */
export interface SecureDialler {
  open(address: Address): TLSSocket;
  /** Called once, when the handshake is over: Node.js gives the certificate of the peer only once. */
  judge(socket: TLSSocket, done: (verdict: X509Certificate | TlsRefusal) => void): { cancel(): void };
}

/** What OpenSSL has against a context, though all its parts can be read; null when it takes it. */
export function contextProblem(context: SecurityContext): string | null {
  try {
    createSecureContext(contextOptions(context));
    return null;
  } catch (error) {
    return printable((error as Error).message);
  }
}

/** Contexts as OpenSSL keeps them. To make one is to parse all its PEM. */
export class SecureContexts {
  readonly #made = new WeakMap<SecurityContext, SecureContext>();

  of(context: SecurityContext): SecureContext {
    const made = this.#made.get(context) ?? createSecureContext(contextOptions(context));
    this.#made.set(context, made);
    return made;
  }
}

const NOTHING = { cancel() {} };

/** Dials an address of the host `name`. */
export function secureDialler(
  context: SecurityContext,
  secureContext: SecureContext,
  name: string,
  names: NameLookup,
): SecureDialler {
  const options = {
    ...(isIP(name) === 0 ? { servername: name } : {}),
    secureContext,
    // Decided below, where the reason is known.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    allowHalfOpen: true,
  };
  /** For a certificate that an authority has issued. */
  const accept = (
    certificate: X509Certificate,
    socket: TLSSocket,
    done: (verdict: X509Certificate | TlsRefusal) => void,
  ): { cancel(): void } => {
    const finish = (reason: string | null): void =>
      done(reason === null ? certificate : new TlsRefusal(reason));
    let current = NOTHING;
    const checkHost = (): void => {
      const address = canonicalHost(socket.remoteAddress ?? '');
      if (context.verifiesHost) current = checkPeerHost(certificate, { name, address }, names, finish);
      else finish(null);
    };
    if (context.revocation === undefined) checkHost();
    else
      current = context.revocation(certificate, reason => (reason === null ? checkHost() : finish(reason)));
    return { cancel: () => current.cancel() };
  };
  return {
    open: ({ host, port }) => connect({ ...options, host, port }).setNoDelay(true),
    judge(socket, done) {
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined) done(new TlsRefusal('it shows no certificate'));
      else if (!socket.authorized)
        done(new TlsRefusal(certificateReason(String(socket.authorizationError), certificate)));
      else return accept(certificate, socket, done);
      return NOTHING;
    },
  };
}
