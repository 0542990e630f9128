import { createHash, timingSafeEqual, type X509Certificate } from 'node:crypto';
import { DerError, DerReader, Tag } from '../der/der.ts';
import { certificateFrom, privateKeyFrom, type StoreContent, StoreError } from './key-store.ts';

const MAGIC = 0xfeedfeed;
const PRIVATE_KEY = 1;
const CERTIFICATE = 2;
const HASH_BYTES = 20;
/** Java hashes this text between the password and the entries. */
const WHITENER = 'Mighty Aphrodite';

/**
 * Reads a Java key store, as keytool wrote it up to Java 8. The password protects all of it. @throws
 * StoreError
 */
export function readJksStore(bytes: Buffer, password: string): StoreContent {
  const entries = bytes.subarray(0, Math.max(0, bytes.length - HASH_BYTES));
  if (entries.length < 12 || entries.readUInt32BE(0) !== MAGIC) throw new StoreError('is no JKS file');
  if (password !== '') checkHash(bytes, entries, password);
  const reader = new JksReader(entries);
  const version = reader.int(4);
  if (version !== 1 && version !== 2)
    throw new StoreError(`has version ${version} of JKS; 1 and 2 are accepted`);
  const identities: StoreContent['identities'][number][] = [];
  const certificates: X509Certificate[] = [];
  for (let left = reader.int(); left > 0; left--) {
    const kind = reader.int();
    reader.text();
    reader.skip(8);
    if (kind === PRIVATE_KEY) {
      const encrypted = reader.bytes();
      const chain = Array.from({ length: reader.count() }, () => reader.certificate(version));
      identities.push({ privateKey: privateKeyFrom(decryptKey(encrypted, password), ''), chain });
    } else if (kind === CERTIFICATE) certificates.push(reader.certificate(version));
    else
      throw new StoreError(
        `has an entry of kind ${kind}; private keys (1) and certificates (2) are accepted`,
      );
  }
  return { identities, certificates };
}

function checkHash(bytes: Buffer, entries: Buffer, password: string): void {
  const found = createHash('sha1').update(utf16(password)).update(WHITENER).update(entries).digest();
  if (!timingSafeEqual(found, bytes.subarray(entries.length)))
    throw new StoreError('does not match this password, or was changed without it');
}

/** Decrypts Java's own encryption: a stream of hashes, and a hash of the key at the end. */
function decryptKey(encryptedInfo: Buffer, password: string): Buffer {
  const data = encryptedKeyOf(encryptedInfo);
  const word = utf16(password);
  const encrypted = data.subarray(HASH_BYTES, data.length - HASH_BYTES);
  const key = Buffer.alloc(encrypted.length);
  let pad: Buffer = data.subarray(0, HASH_BYTES);
  for (let at = 0; at < key.length; at++) {
    if (at % HASH_BYTES === 0) pad = createHash('sha1').update(word).update(pad).digest();
    key[at] = encrypted[at]! ^ pad[at % HASH_BYTES]!;
  }
  const hash = createHash('sha1').update(word).update(key).digest();
  if (!hash.equals(data.subarray(data.length - HASH_BYTES)))
    throw new StoreError('has a private key that cannot be read with this password');
  return key;
}

function encryptedKeyOf(info: Buffer): Buffer {
  try {
    const parts = new DerReader(info).into();
    parts.into();
    const { body } = parts.next(Tag.octets);
    if (body.length > 2 * HASH_BYTES) return body;
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
  }
  throw new StoreError('has a private key that cannot be read');
}

function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

class JksReader {
  readonly #all: Buffer;
  #offset = 0;

  constructor(all: Buffer) {
    this.#all = all;
  }

  /** Skips `before` bytes first. */
  int(before = 0): number {
    this.skip(before);
    return this.#take(4).readUInt32BE(0);
  }

  /** Reads the number of values that each take at least four bytes. */
  count(): number {
    const count = this.int();
    if (count * 4 > this.#all.length - this.#offset) throw new StoreError('ends too early');
    return count;
  }

  bytes(): Buffer {
    return this.#take(this.int());
  }

  text(): string {
    return this.#take(this.#take(2).readUInt16BE(0)).toString('utf8');
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  certificate(version: number): X509Certificate {
    const type = version === 2 ? this.text() : 'X.509';
    if (type !== 'X.509') throw new StoreError('has a certificate that is not X.509');
    return certificateFrom(this.bytes());
  }

  #take(bytes: number): Buffer {
    const taken = this.#all.subarray(this.#offset, this.#offset + bytes);
    if (taken.length < bytes) throw new StoreError('ends too early');
    this.#offset += bytes;
    return taken;
  }
}
