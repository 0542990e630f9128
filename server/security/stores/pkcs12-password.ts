import { createDecipheriv, createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { DerReader, Tag } from '../der/der.ts';
import { StoreError } from './key-store.ts';

/** Object identifiers of the ciphers and signatures of PKCS #12 files, with the names that this code uses. */
const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const PBE_SHA1_3DES = '1.2.840.113549.1.12.1.3';
const HASHES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '2.16.840.1.101.3.4.2.4': 'sha224',
};
/** HMACs that PBKDF2 uses, by their hashes. */
const PRFS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};
const CIPHERS: Readonly<Record<string, readonly [name: string, keyBytes: number]>> = {
  '2.16.840.1.101.3.4.1.2': ['aes-128-cbc', 16],
  '2.16.840.1.101.3.4.1.22': ['aes-192-cbc', 24],
  '2.16.840.1.101.3.4.1.42': ['aes-256-cbc', 32],
  '1.2.840.113549.3.7': ['des-ede3-cbc', 24],
};
/** Limit on the iterations of PBKDF2, which block the event loop: this many take about one second. */
const ITERATIONS_MAX = 5_000_000;
/** The same limit for the older derivation, which runs in JavaScript. keytool writes 10,000. */
const OLDER_ITERATIONS_MAX = 300_000;
const UNKNOWN_ENCRYPTION =
  'is encrypted in a way that this server does not read (RC2, for one); write it again with a recent keytool -importkeystore, ' +
  'or as PEM';

/** What a key derived after PKCS #12 is for. */
const Purpose = { key: 1, iv: 2, mac: 3 } as const;
type Purpose = (typeof Purpose)[keyof typeof Purpose];

/**
 * Decrypts `encrypted` as the AlgorithmIdentifier says that `algorithm` is about to read. @throws StoreError
 */
export function decrypt(algorithm: DerReader, encrypted: Buffer, password: string): Buffer {
  const name = algorithm.oid();
  const { cipher, key, iv } =
    name === PBES2 ? keysOfPbes2(algorithm.into(), password) : keysOfPbes1(name, algorithm, password);
  try {
    const decipher = createDecipheriv(cipher, key, iv);
    return Buffer.concat([decipher.update(encrypted), decipher.final()]);
  } catch {
    throw new StoreError('cannot be decrypted with this password');
  }
}

interface Keys {
  readonly cipher: string;
  readonly key: Buffer;
  readonly iv: Buffer;
}

function keysOfPbes2(parameters: DerReader, password: string): Keys {
  const derivation = parameters.into();
  if (derivation.oid() !== PBKDF2) throw new StoreError(UNKNOWN_ENCRYPTION);
  const { salt, iterations, prf } = readPbkdf2(derivation.into());
  const encryption = parameters.into();
  const cipher = CIPHERS[encryption.oid()];
  if (cipher === undefined) throw new StoreError(UNKNOWN_ENCRYPTION);
  const [name, keyBytes] = cipher;
  return {
    cipher: name,
    key: pbkdf2Sync(password, salt, iterations, keyBytes, prf),
    iv: encryption.next(Tag.octets).body,
  };
}

function readPbkdf2(parameters: DerReader) {
  const salt = parameters.next(Tag.octets).body;
  const iterations = readIterations(parameters, ITERATIONS_MAX);
  let prf: string | undefined = 'sha1';
  while (parameters.hasMore) {
    const { tag, body } = parameters.next();
    if (tag === Tag.sequence) prf = PRFS[oidOf(body)];
  }
  if (prf === undefined) throw new StoreError(UNKNOWN_ENCRYPTION);
  return { salt, iterations, prf };
}

function oidOf(body: Buffer): string {
  return new DerReader(body).oid();
}

function readIterations(reader: DerReader, max: number): number {
  const iterations = reader.integer();
  if (iterations < 1 || iterations > max)
    throw new StoreError(`derives its keys with ${iterations} iterations; 1 to ${max} are accepted`);
  return iterations;
}

function keysOfPbes1(name: string, algorithm: DerReader, password: string): Keys {
  if (name !== PBE_SHA1_3DES) throw new StoreError(UNKNOWN_ENCRYPTION);
  const parameters = algorithm.into();
  const salt = parameters.next(Tag.octets).body;
  const iterations = readIterations(parameters, OLDER_ITERATIONS_MAX);
  const derive = (purpose: Purpose, bytes: number) =>
    derived('sha1', purpose, password, salt, iterations, bytes);
  return { cipher: 'des-ede3-cbc', key: derive(Purpose.key, 24), iv: derive(Purpose.iv, 8) };
}

/** Checks the MAC, which `mac` is about to read, of the whole content. @throws StoreError */
export function checkMac(mac: DerReader, content: Buffer, password: string): void {
  const digest = mac.into();
  const hash = HASHES[digest.into().oid()];
  if (hash === undefined) throw new StoreError(UNKNOWN_ENCRYPTION);
  const expected = digest.next(Tag.octets).body;
  const salt = mac.next(Tag.octets).body;
  const iterations = mac.hasMore ? readIterations(mac, OLDER_ITERATIONS_MAX) : 1;
  const key = derived(hash, Purpose.mac, password, salt, iterations, expected.length);
  const found = createHmac(hash, key).update(content).digest();
  if (found.length !== expected.length || !timingSafeEqual(found, expected))
    throw new StoreError('does not match this password, or was changed without it');
}

/** The key derivation of RFC 7292, appendix B. */
function derived(
  hash: string,
  purpose: Purpose,
  password: string,
  salt: Buffer,
  iterations: number,
  bytes: number,
): Buffer {
  const block = hash === 'sha384' || hash === 'sha512' ? 128 : 64;
  const text = Buffer.from(`${password}\0`, 'utf16le').swap16();
  const input = Buffer.concat([repeated(salt, block), repeated(text, block)]);
  const parts: Buffer[] = [];
  for (let made = 0; made < bytes; ) {
    let part = createHash(hash).update(Buffer.alloc(block, purpose)).update(input).digest();
    for (let i = 1; i < iterations; i++) part = createHash(hash).update(part).digest();
    parts.push(part);
    made += part.length;
    addToEach(input, repeated(part, block).subarray(0, block), block);
  }
  return Buffer.concat(parts).subarray(0, bytes);
}

/** Copies of `bytes` in a whole number of blocks; none for no bytes. */
function repeated(bytes: Buffer, block: number): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes.length === 0 ? 0 : bytes);
}

/** Adds a number, and one, to each block of `input` as to a number. */
function addToEach(input: Buffer, added: Buffer, block: number): void {
  for (let at = 0; at < input.length; at += block) {
    let carry = 1;
    for (let i = block - 1; i >= 0; i--) {
      const sum = input[at + i]! + added[i]! + carry;
      input[at + i] = sum & 0xff;
      carry = sum >> 8;
    }
  }
}
