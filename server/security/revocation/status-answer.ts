import { createHash, X509Certificate } from 'node:crypto';
import { DerError, DerReader, type DerValue, Tag } from '../der/der.ts';
import { timeOf } from '../der/der-time.ts';
import { isSignedWith, readSigned, type SignedDer } from '../der/signed-der.ts';
import { derSequence, derValue } from '../der/write-der.ts';
import { type CertificateFields, certificateFields, extensionsIn, valuesIn } from './certificate-fields.ts';

/** How far the clock of a responder may be off, as with Java. */
export const CLOCK_SKEW_MS_MAX = 15 * 60_000;

/** 1.3.14.3.2.26, the hash that every responder knows. It names certificates, and protects nothing. */
const SHA1 = Buffer.from('2b0e03021a', 'hex');
const SHA1_ID = '1.3.14.3.2.26';
const BASIC_ANSWER = '1.3.6.1.5.5.7.48.1.1';
const Status = { good: 0x80, revoked: 0xa1, unknown: 0x82 } as const;
/** Words for the numbers that a responder sends in place of an answer. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: 'malformedRequest',
  2: 'internalError',
  3: 'tryLater',
  5: 'sigRequired',
  6: 'unauthorized',
};

/** A certificate as responders know it. CertID */
export interface CertificateId {
  readonly nameHash: Buffer;
  readonly keyHash: Buffer;
  /** The serial number in hexadecimal. */
  readonly serial: string;
}

export function certificateId(
  { serial }: Pick<CertificateFields, 'serial'>,
  { subject, keyBits }: Pick<CertificateFields, 'subject' | 'keyBits'>,
): CertificateId {
  return { nameHash: sha1(subject), keyHash: sha1(keyBits), serial };
}

/** The question to a responder about one certificate (RFC 6960, 4.1), without a nonce, as Java sends it. */
export function statusQuestion({ nameHash, keyHash, serial }: CertificateId): Buffer {
  const algorithm = derSequence(derValue(Tag.oid, SHA1), derValue(Tag.null));
  const id = derSequence(
    algorithm,
    derValue(Tag.octets, nameHash),
    derValue(Tag.octets, keyHash),
    derValue(Tag.integer, Buffer.from(serial, 'hex')),
  );
  return derSequence(derSequence(derSequence(derSequence(id))));
}

interface Status {
  readonly isKnown: boolean;
  readonly revokedMs: number | undefined;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A certificate that came with an answer. */
interface Enclosed {
  readonly certificate: X509Certificate;
  readonly fields: CertificateFields;
}

/** The answer of a responder about one certificate (OCSP, RFC 6960, 4.2). */
export class StatusAnswer {
  readonly #refusal: string | undefined;
  readonly #signed: SignedDer | undefined;
  readonly #responder: DerValue | undefined;
  readonly #enclosed: readonly Enclosed[] = [];
  readonly #hasCritical: boolean = false;
  readonly #status: Status | undefined;

  /** @throws DerError */
  constructor(bytes: Buffer, id: CertificateId) {
    const answer = new DerReader(bytes).into();
    const code = answer.next(Tag.enumerated).body[0] ?? 0;
    if (code !== 0) {
      this.#refusal = `it answers ${REFUSALS[code] ?? code}`;
      return;
    }
    const content = answer.into(Tag.explicit0).into();
    if (content.oid() !== BASIC_ANSWER) throw new DerError('an answer is of another kind');
    const basic = new DerReader(content.next(Tag.octets).body).into();
    this.#signed = readSigned(basic);
    if (basic.hasMore) this.#enclosed = enclosedIn(basic.into(Tag.explicit0).into());
    const parts = valuesIn(new DerReader(this.#signed.body));
    if (parts[0]?.tag === Tag.explicit0) parts.shift();
    const [responder, , statuses, extensions] = parts;
    if (responder === undefined || statuses === undefined) throw new DerError('an answer is not whole');
    this.#responder = responder;
    const critical = extensionsIn(extensions).filter(({ isCritical }) => isCritical);
    for (const one of valuesIn(new DerReader(statuses.body))) {
      const [about, status, from, ...rest] = valuesIn(new DerReader(one.body));
      if (about === undefined || status === undefined || from === undefined)
        throw new DerError('a status is not whole');
      if (!isAbout(about, id)) continue;
      const until = rest[0]?.tag === Tag.explicit0 ? rest.shift() : undefined;
      critical.push(...extensionsIn(rest[0]).filter(({ isCritical }) => isCritical));
      this.#status = statusOf(status, from, until);
    }
    this.#hasCritical = critical.length > 0;
  }

  /** Why the answer does not count for a certificate of this authority; null when it counts. */
  problemFor(authority: X509Certificate, nowMs: number): string | null {
    const status = this.#status;
    if (this.#refusal !== undefined) return this.#refusal;
    if (!this.#isSigned(authority, nowMs))
      return 'its answer is not signed by the authority of the certificate, nor by a responder that this authority has appointed';
    if (this.#hasCritical) return 'its answer has critical extensions that are not known here';
    if (status === undefined) return 'its answer is about another certificate';
    if (!status.isKnown) return 'it does not know the certificate';
    if (status.fromMs > nowMs + CLOCK_SKEW_MS_MAX)
      return `its answer is not valid before ${new Date(status.fromMs).toISOString()}`;
    if (status.untilMs < nowMs - CLOCK_SKEW_MS_MAX)
      return `its answer was to be renewed by ${new Date(status.untilMs).toISOString()}`;
    return null;
  }

  /** When the certificate was revoked, in ms since 1970; undefined when it is not. */
  revokedMs(): number | undefined {
    return this.#status?.revokedMs;
  }

  /** Signed by the authority itself, or by a key to which it has issued a certificate for this purpose. */
  #isSigned(authority: X509Certificate, nowMs: number): boolean {
    const signed = this.#signed;
    if (signed === undefined) return false;
    const appointed = this.#enclosed.filter(
      ({ certificate, fields }) =>
        fields.signsAnswers &&
        certificate.checkIssued(authority) &&
        certificate.verify(authority.publicKey) &&
        nowMs >= Date.parse(certificate.validFrom) &&
        nowMs <= Date.parse(certificate.validTo),
    );
    const itself = { certificate: authority, fields: certificateFields(authority) };
    return [itself, ...appointed].some(
      ({ certificate, fields }) => this.#names(fields) && isSignedWith(certificate.publicKey, signed),
    );
  }

  /** Whether the answer names this certificate as its signer. */
  #names({ subject, keyBits }: CertificateFields): boolean {
    const responder = this.#responder;
    if (responder?.tag === Tag.explicit1) return responder.body.equals(subject);
    return (
      responder?.tag === Tag.explicit2 &&
      new DerReader(responder.body).next(Tag.octets).body.equals(sha1(keyBits))
    );
  }
}

/** @throws DerError */
function statusOf({ tag, body }: DerValue, from: DerValue, until: DerValue | undefined): Status {
  if (tag !== Status.good && tag !== Status.revoked && tag !== Status.unknown)
    throw new DerError('a status is of an unknown kind');
  const fromMs = timeOf(from);
  return {
    isKnown: tag !== Status.unknown,
    revokedMs: tag === Status.revoked ? timeOf(new DerReader(body).next()) : undefined,
    fromMs,
    untilMs: until === undefined ? fromMs : timeOf(new DerReader(until.body).next()),
  };
}

function isAbout(value: DerValue, { nameHash, keyHash, serial }: CertificateId): boolean {
  const reader = new DerReader(value.body);
  return (
    reader.into().oid() === SHA1_ID &&
    reader.next(Tag.octets).body.equals(nameHash) &&
    reader.next(Tag.octets).body.equals(keyHash) &&
    reader.next(Tag.integer).body.toString('hex') === serial
  );
}

function enclosedIn(reader: DerReader): Enclosed[] {
  return valuesIn(reader).map(({ bytes }) => {
    const certificate = certificateIn(bytes);
    return { certificate, fields: certificateFields(certificate) };
  });
}

function certificateIn(bytes: Buffer): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch {
    throw new DerError('a certificate cannot be read');
  }
}

function sha1(bytes: Buffer): Buffer {
  return createHash('sha1').update(bytes).digest();
}
