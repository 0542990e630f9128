import type { X509Certificate } from 'node:crypto';
import { DerError, DerReader, type DerValue, Tag } from '../der/der.ts';
import { isTime, timeOf } from '../der/der-time.ts';
import { isSignedWith, readSigned, type SignedDer } from '../der/signed-der.ts';
import { type CertificateFields, certificateFields, extensionsIn, valuesIn } from './certificate-fields.ts';

/**
 * A list of revoked certificates (CRL, RFC 5280, 5) of one authority. Lists for some certificates or reasons
 * alone, changes to other lists, and lists of several authorities are not accepted.
 */
export class RevocationList {
  readonly #issuer: Buffer;
  readonly #signed: SignedDer;
  readonly #fromMs: number;
  /** Infinity when the list does not say. */
  readonly #untilMs: number;
  readonly #problem: string | null;
  /** Serials in hexadecimal, with the time of the revocation. */
  readonly #revoked = new Map<string, number>();

  /** PEM or DER. @throws DerError */
  constructor(bytes: Buffer) {
    this.#signed = readSigned(new DerReader(derOf(bytes)).into());
    const values = valuesIn(new DerReader(this.#signed.body));
    if (values[0]?.tag === Tag.integer) values.shift();
    const [, issuer, from, ...rest] = values;
    if (issuer === undefined || from === undefined) throw new DerError('a list is not whole');
    this.#issuer = issuer.bytes;
    this.#fromMs = timeOf(from);
    const until = isTime(rest[0]) ? rest.shift() : undefined;
    this.#untilMs = until === undefined ? Number.POSITIVE_INFINITY : timeOf(until);
    const entries = rest[0]?.tag === Tag.sequence ? rest.shift() : undefined;
    const critical = extensionsIn(rest[0]).filter(({ isCritical }) => isCritical);
    if (entries !== undefined) critical.push(...this.#read(entries));
    this.#problem =
      critical.length === 0
        ? null
        : `it has critical extensions that are not known here (${critical[0]?.id})`;
  }

  /** The critical extensions of its entries. */
  #read(entries: DerValue) {
    const critical = [];
    const reader = new DerReader(entries.body);
    while (reader.hasMore) {
      const [serial, time, extensions] = valuesIn(reader.into());
      if (serial === undefined || time === undefined) throw new DerError('an entry is not whole');
      this.#revoked.set(serial.body.toString('hex'), timeOf(time));
      critical.push(...extensionsIn(extensions).filter(({ isCritical }) => isCritical));
    }
    return critical;
  }

  /** Why the list does not count for certificates of this authority; null when it counts. */
  problemFor(authority: X509Certificate, nowMs: number): string | null {
    const { subject, signsLists } = certificateFields(authority);
    if (!subject.equals(this.#issuer)) return 'it is of another authority';
    if (!signsLists) return 'the key of its authority may not sign lists';
    if (!isSignedWith(authority.publicKey, this.#signed))
      return 'its signature is wrong, or of a kind that is not known here';
    if (nowMs < this.#fromMs) return `it is not valid before ${new Date(this.#fromMs).toISOString()}`;
    if (nowMs > this.#untilMs) return `it was to be renewed by ${new Date(this.#untilMs).toISOString()}`;
    return this.#problem;
  }

  /** When the certificate was revoked, in ms since 1970; undefined when it is not in the list. */
  revokedMs({ serial }: Pick<CertificateFields, 'serial'>): number | undefined {
    return this.#revoked.get(serial);
  }
}

function derOf(bytes: Buffer): Buffer {
  const pem = /-----BEGIN X509 CRL-----([\sA-Za-z0-9+/=]+)-----END X509 CRL-----/.exec(
    bytes.toString('latin1'),
  );
  return pem === null ? bytes : Buffer.from(pem[1] ?? '', 'base64');
}
