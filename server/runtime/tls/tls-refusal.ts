import type { X509Certificate } from 'node:crypto';
import { printable } from '../../printable.ts';

/** A dial that failed because of TLS: the peer does not speak it, or one side does not accept the other. */
export class TlsRefusal extends Error {
  override readonly name = 'TlsRefusal';
}

/** Why OpenSSL does not accept a certificate, in words. */
const CERTIFICATE_REASONS: Readonly<Record<string, (certificate: X509Certificate) => string>> = {
  CERT_HAS_EXPIRED: ({ validTo }) => `it expired on ${validTo}`,
  CERT_NOT_YET_VALID: ({ validFrom }) => `it is not valid before ${validFrom}`,
  CERT_REVOKED: () => 'it is revoked',
  INVALID_PURPOSE: () => 'it is not made for this side of a connection (extended key usage)',
  UNABLE_TO_GET_ISSUER_CERT: fromNobody,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: fromNobody,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: fromNobody,
  SELF_SIGNED_CERT_IN_CHAIN: fromNobody,
  DEPTH_ZERO_SELF_SIGNED_CERT: fromNobody,
};

function fromNobody({ issuer }: X509Certificate): string {
  return `no accepted authority has issued it, but ${named(issuer)}`;
}

/** What the certificate of a refused peer lacks. `code` is Node.js's name for OpenSSL's verdict. */
export function certificateReason(code: string, certificate: X509Certificate): string {
  const why = CERTIFICATE_REASONS[code]?.(certificate) ?? code;
  return `its certificate ${named(certificate.subject)} is not accepted: ${why}`;
}

/** A distinguished name in one line. */
export function named(distinguishedName: string): string {
  return printable(distinguishedName.replaceAll('\n', ', '));
}

/** What ended a handshake, by the first pattern that the code of the error matches. */
const HANDSHAKE_REASONS: readonly (readonly [code: RegExp, reason: string])[] = [
  [/ALERT_(UNKNOWN_CA|.*CERTIFICATE|BAD_CERT|ACCESS_DENIED)/, 'it does not accept our certificate'],
  [/ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/, 'no version of TLS is in common'],
  [/ALERT_HANDSHAKE_FAILURE|NO_SHARED_CIPHER|NO_CIPHERS/, 'no cipher suite is in common'],
  [/WRONG_VERSION_NUMBER|HTTP_REQUEST|UNKNOWN_PROTOCOL|PACKET_LENGTH/, 'it does not speak TLS'],
  [/^(ECONNRESET|EPIPE)$/, 'it closed the connection during the handshake'],
];

/** Why a handshake failed, in words, with the code of the error where the words are not exact. */
export function handshakeReason(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? error.message;
  const reason = HANDSHAKE_REASONS.find(([pattern]) => pattern.test(code))?.[1];
  return reason === undefined ? `the handshake failed: ${printable(code)}` : `${reason} (${code})`;
}
