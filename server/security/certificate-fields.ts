import type { X509Certificate } from 'node:crypto';
import { DerError, DerReader, type DerValue, Tag } from './der.ts';

/** What Node.js does not tell of a certificate (RFC 5280, 4.1), and what revocation needs to know. */
export interface CertificateFields {
  /** Names as they are written, since two are compared by their bytes. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  /** In hexadecimal. */
  readonly serial: string;
  /** URLs of the lists that tell of every reason, in order. cRLDistributionPoints */
  readonly listUrls: readonly string[];
  /** Its key may sign lists. keyUsage */
  readonly signsLists: boolean;
}

const KEY_USAGE = '2.5.29.15';
const DISTRIBUTION_POINTS = '2.5.29.31';
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
  const [serial, , issuer, , subject] = values[0]?.tag === VERSION_TAG ? values.slice(1) : values;
  if (serial === undefined || issuer === undefined || subject === undefined)
    throw new DerError('a certificate is not whole');
  const extensions = extensionsIn(values.find(({ tag }) => tag === EXTENSIONS_TAG));
  const usage = extensions.find(({ id }) => id === KEY_USAGE);
  const points = extensions.find(({ id }) => id === DISTRIBUTION_POINTS);
  return {
    issuer: issuer.bytes,
    subject: subject.bytes,
    serial: serial.body.toString('hex'),
    listUrls: points === undefined ? [] : urlsIn(points.value),
    // The first byte of the bits says how many of the last are unused.
    signsLists:
      usage === undefined || ((new DerReader(usage.value).next(Tag.bits).body[1] ?? 0) & CRL_SIGN) !== 0,
  };
}

export function valuesIn(reader: DerReader): DerValue[] {
  const values: DerValue[] = [];
  while (reader.hasMore) values.push(reader.next());
  return values;
}

/** Of a certificate, of a list, or of an entry in it. @throws DerError */
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

/** A point with reasons or with an issuer of its own does not tell all about a certificate. */
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
