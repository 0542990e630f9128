/** Makes certificates of a test's own authority, in DER by hand, without a program or a file. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

const Tag = {
  integer: 2,
  bits: 3,
  octets: 4,
  oid: 6,
  text: 12,
  time: 23,
  sequence: 0x30,
  set: 0x31,
} as const;
/** Object identifiers, in the encoding of DER. */
const Oid = {
  commonName: '550403',
  ecdsaWithSha256: '2a8648ce3d040302',
  basicConstraints: '551d13',
  subjectAltName: '551d11',
  distributionPoints: '551d1f',
  extendedKeyUsage: '551d25',
  infoAccess: '2b06010505070101',
  responder: '2b06010505073001',
  signsAnswers: '2b06010505070309',
} as const;
const NOT_BEFORE = '200101000000Z';
const NOT_AFTER = '491231235959Z';
const LONG_AGO = '210101000000Z';
const ONE = Buffer.from([1]);

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  // Java encodes again what it verifies, so each length takes as few bytes as DER allows.
  const length = Buffer.from(
    body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff],
  );
  return Buffer.concat([Buffer.from([tag]), length, body]);
}

const sequence = (...parts: readonly Uint8Array[]) => der(Tag.sequence, ...parts);
const oid = (hex: string) => der(Tag.oid, Buffer.from(hex, 'hex'));
const text = (tag: number, value: string) => der(tag, Buffer.from(value));

function nameOf(commonName: string): Buffer {
  return sequence(der(Tag.set, sequence(oid(Oid.commonName), text(Tag.text, commonName))));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [Buffer.from([1, 1, 0xff])] : [];
  return sequence(oid(id), ...flag, der(Tag.octets, value));
}

/** Encodes DNS names and IPv4 addresses. */
function alternatives(hosts: readonly string[]): Buffer {
  const one = (host: string) =>
    /^[\d.]+$/.test(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : text(0x82, host);
  return sequence(...hosts.map(one));
}

function pointsTo(urls: readonly string[]): Buffer {
  const points = urls.map(url => sequence(der(0xa0, der(0xa0, text(0x86, url)))));
  return extension(Oid.distributionPoints, false, sequence(...points));
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g)!;
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

export interface Identity {
  readonly certificate: string;
  readonly privateKey: string;
  readonly serial: number;
}

export interface ListPlan {
  readonly revoked?: readonly Identity[];
  /** As UTCTime. */
  readonly from?: string;
  readonly until?: string;
  /** Object identifier in DER of a critical extension. */
  readonly critical?: string;
}

export class TestAuthority {
  readonly #name: string;
  readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly certificate: string;
  #serial = 1;

  constructor(name: string) {
    this.#name = name;
    const isAuthority = sequence(Buffer.from([1, 1, 0xff]));
    this.certificate = this.#issued(name, this.keys.publicKey, [
      extension(Oid.basicConstraints, true, isAuthority),
    ]);
  }

  /** Issues a certificate for `commonName` at these hosts. */
  issue(commonName: string, ...hosts: readonly string[]): Identity {
    return this.#issue(commonName, hosts, NOT_AFTER);
  }

  /** The same, and its revocation is told at these URLs. */
  issueWithLists(commonName: string, urls: readonly string[], ...hosts: readonly string[]): Identity {
    return this.#issue(commonName, hosts, NOT_AFTER, [pointsTo(urls)]);
  }

  /** The same, and its revocation is told by the responder at this URL, and at the other ones. */
  issueWithResponder(
    commonName: string,
    url: string,
    lists: readonly string[],
    ...hosts: readonly string[]
  ): Identity {
    const access = sequence(sequence(oid(Oid.responder), text(0x86, url)));
    return this.#issue(commonName, hosts, NOT_AFTER, [
      extension(Oid.infoAccess, false, access),
      ...(lists.length === 0 ? [] : [pointsTo(lists)]),
    ]);
  }

  /** A certificate whose key may answer for this authority whether others are revoked. */
  issueForResponder(commonName: string, notAfter = NOT_AFTER): Identity {
    const use = sequence(oid(Oid.signsAnswers));
    return this.#issue(commonName, [], notAfter, [extension(Oid.extendedKeyUsage, false, use)]);
  }

  /** A list of revoked certificates, in DER. */
  list({ revoked = [], from = NOT_BEFORE, until = NOT_AFTER, critical }: ListPlan = {}): Buffer {
    const entries = revoked.map(({ serial }) =>
      sequence(der(Tag.integer, Buffer.from([serial])), text(Tag.time, LONG_AGO)),
    );
    const extensions =
      critical === undefined ? [] : [der(0xa0, sequence(extension(critical, true, der(Tag.integer, ONE))))];
    return this.#signed(
      der(Tag.integer, ONE),
      sequence(oid(Oid.ecdsaWithSha256)),
      nameOf(this.#name),
      text(Tag.time, from),
      text(Tag.time, until),
      ...(entries.length === 0 ? [] : [sequence(...entries)]),
      ...extensions,
    );
  }

  /** The same, but it has expired. */
  issueExpired(commonName: string, ...hosts: readonly string[]): Identity {
    return this.#issue(commonName, hosts, LONG_AGO);
  }

  #issue(
    commonName: string,
    hosts: readonly string[],
    notAfter: string,
    more: readonly Buffer[] = [],
  ): Identity {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const extensions = hosts.length === 0 ? [] : [extension(Oid.subjectAltName, false, alternatives(hosts))];
    return {
      serial: this.#serial,
      certificate: this.#issued(commonName, publicKey, [...extensions, ...more], notAfter),
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }

  #issued(
    commonName: string,
    publicKey: KeyObject,
    extensions: readonly Buffer[],
    notAfter = NOT_AFTER,
  ): string {
    const bytes = this.#signed(
      der(0xa0, der(Tag.integer, Buffer.from([2]))),
      der(Tag.integer, Buffer.from([this.#serial++])),
      sequence(oid(Oid.ecdsaWithSha256)),
      nameOf(this.#name),
      sequence(text(Tag.time, NOT_BEFORE), text(Tag.time, notAfter)),
      nameOf(commonName),
      publicKey.export({ type: 'spki', format: 'der' }),
      ...(extensions.length === 0 ? [] : [der(0xa3, sequence(...extensions))]),
    );
    return pem('CERTIFICATE', bytes);
  }

  #signed(...parts: readonly Buffer[]): Buffer {
    const toSign = sequence(...parts);
    const signature = sign('sha256', toSign, this.keys.privateKey);
    const algorithm = sequence(oid(Oid.ecdsaWithSha256));
    return sequence(toSign, algorithm, der(Tag.bits, Buffer.from([0]), signature));
  }
}
