import type { X509Certificate } from 'node:crypto';
import { DerError, DerReader, type DerValue, Tag } from '../der/der.ts';

/** Fields of a certificate (RFC 5280, 4.1) that Node.js does not show and that revocation needs. */
export interface CertificateFields {
  /** Names as they are encoded, because two names are compared by their bytes. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  /** The serial number in hexadecimal. */
  readonly serial: string;
  /** URLs of the lists that cover every reason of revocation, in order. cRLDistributionPoints */
  readonly listUrls: readonly string[];
  /** Its key may sign lists. keyUsage */
  readonly signsLists: boolean;
  /** The URL of the responder that says whether it is revoked. authorityInfoAccess */
  readonly responderUrl: string | undefined;
  /** Its key may sign answers of a responder. extendedKeyUsage */
  readonly signsAnswers: boolean;
  /** The public key as bits, which responders hash. */
  readonly keyBits: Buffer;
}

const KEY_USAGE = '2.5.29.15';
const DISTRIBUTION_POINTS = '2.5.29.31';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const INFO_ACCESS = '1.3.6.1.5.5.7.1.1';
const RESPONDER = '1.3.6.1.5.5.7.48.1';
const SIGNS_ANSWERS = '1.3.6.1.5.5.7.3.9';
const VERSION_TAG = 0xa0;
const EXTENSIONS_TAG = 0xa3;
const URL_TAG = 0x86;
/** Bit 6 of keyUsage, counted from the left. */
const CRL_SIGN = 0x02;

export interface Extension {
  readonly id: string;
  readonly isCritical: boolean;
  readonly value: Buffer;
}

/** @throws DerError */
export function certificateFields({ raw }: X509Certificate): CertificateFields {
  const values = valuesIn(new DerReader(raw).into().into());
  const [serial, , issuer, , subject, key] = values[0]?.tag === VERSION_TAG ? values.slice(1) : values;
  if (serial === undefined || issuer === undefined || subject === undefined || key === undefined)
    throw new DerError('a certificate is not whole');
  const extensions = extensionsIn(values.find(({ tag }) => tag === EXTENSIONS_TAG));
  const contentOf = (wanted: string) => extensions.find(({ id }) => id === wanted)?.value;
  const usage = contentOf(KEY_USAGE);
  const points = contentOf(DISTRIBUTION_POINTS);
  const uses = contentOf(EXTENDED_KEY_USAGE);
  const access = contentOf(INFO_ACCESS);
  const keyParts = new DerReader(key.body);
  keyParts.next(Tag.sequence);
  return {
    issuer: issuer.bytes,
    subject: subject.bytes,
    serial: serial.body.toString('hex'),
    listUrls: points === undefined ? [] : urlsIn(points),
    // The first byte of the bits says how many of the last are unused.
    signsLists: usage === undefined || ((new DerReader(usage).next(Tag.bits).body[1] ?? 0) & CRL_SIGN) !== 0,
    responderUrl: access === undefined ? undefined : responderIn(access),
    signsAnswers: uses !== undefined && oidsIn(new DerReader(uses).into()).includes(SIGNS_ANSWERS),
    keyBits: keyParts.next(Tag.bits).body.subarray(1),
  };
}

export function valuesIn(reader: DerReader): DerValue[] {
  const values: DerValue[] = [];
  while (reader.hasMore) values.push(reader.next());
  return values;
}

/** The extensions of a certificate, of a list, or of an entry in a list. @throws DerError */
export function extensionsIn(value: DerValue | undefined): Extension[] {
  if (value === undefined) return [];
  const list = value.tag === Tag.sequence ? new DerReader(value.body) : new DerReader(value.body).into();
  const extensions: Extension[] = [];
  while (list.hasMore) {
    const one = list.into();
    const id = one.oid();
    const [first, second] = valuesIn(one);
    const content = second ?? first;
    if (content === undefined) throw new DerError('an extension has no value');
    extensions.push({ id, isCritical: second !== undefined && first?.body[0] !== 0, value: content.body });
  }
  return extensions;
}

/**
 * A distribution point with reasons or with an issuer of its own does not cover everything about a
 * certificate.
 */
function urlsIn(points: Buffer): string[] {
  return valuesIn(new DerReader(points).into()).flatMap(point => {
    const parts = valuesIn(new DerReader(point.body));
    const [name] = parts;
    if (parts.length !== 1 || name?.tag !== Tag.explicit0) return [];
    return valuesIn(new DerReader(name.body))
      .filter(({ tag }) => tag === Tag.explicit0)
      .flatMap(({ body }) => valuesIn(new DerReader(body)))
      .filter(({ tag }) => tag === URL_TAG)
      .map(({ body }) => body.toString('latin1'));
  });
}

function responderIn(access: Buffer): string | undefined {
  const descriptions = new DerReader(access).into();
  while (descriptions.hasMore) {
    const one = descriptions.into();
    const method = one.oid();
    const { tag, body } = one.next();
    if (method === RESPONDER && tag === URL_TAG) return body.toString('latin1');
  }
  return undefined;
}

function oidsIn(reader: DerReader): string[] {
  const found: string[] = [];
  while (reader.hasMore) found.push(reader.oid());
  return found;
}
