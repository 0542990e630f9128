import type { KeyObject, X509Certificate } from 'node:crypto';
import { DerError, DerReader, Tag } from '../der/der.ts';
import { certificateFrom, chainOf, privateKeyFrom, type StoreContent, StoreError } from './key-store.ts';
import { checkMac, decrypt } from './pkcs12-password.ts';

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const Bag = {
  key: '1.2.840.113549.1.12.10.1.1',
  encryptedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
} as const;
const X509 = '1.2.840.113549.1.9.22.1';

/**
 * Reads a PKCS #12 file (RFC 7292), as keytool and openssl write it. It checks the MAC first, so a wrong
 * password or a changed file is found before anything is used. @throws StoreError
 */
export function readPkcs12Store(bytes: Buffer, password: string): StoreContent {
  try {
    return contentOf(bytes, password);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new StoreError(`is no PKCS #12 file in DER: ${error.message}`);
  }
}

function contentOf(bytes: Buffer, password: string): StoreContent {
  const file = new DerReader(bytes).into();
  file.integer();
  const outer = file.into();
  if (outer.oid() !== DATA) throw new StoreError('is signed with a public key; a password is accepted');
  const content = outer.into(Tag.explicit0).next(Tag.octets).body;
  if (file.hasMore) checkMac(file.into(), content, password);
  const keys: KeyObject[] = [];
  const certificates: X509Certificate[] = [];
  const parts = new DerReader(content).into();
  while (parts.hasMore) {
    const bags = bagsOf(parts.into(), password);
    while (bags.hasMore) readBag(bags.into(), password, keys, certificates);
  }
  const identities = keys.map(privateKey => {
    const own = certificates.find(certificate => certificate.checkPrivateKey(privateKey));
    if (own === undefined) throw new StoreError('has a private key without a certificate for it');
    return { privateKey, chain: chainOf(own, certificates) };
  });
  const inChains = new Set(identities.flatMap(({ chain }) => chain));
  return { identities, certificates: certificates.filter(certificate => !inChains.has(certificate)) };
}

function bagsOf(part: DerReader, password: string): DerReader {
  const type = part.oid();
  const content = part.into(Tag.explicit0);
  if (type === DATA) return new DerReader(content.next(Tag.octets).body).into();
  if (type !== ENCRYPTED_DATA) throw new StoreError('is encrypted with a public key; a password is accepted');
  const data = content.into();
  data.integer();
  const encrypted = data.into();
  encrypted.oid();
  const algorithm = encrypted.into();
  return new DerReader(decrypt(algorithm, encrypted.next(Tag.implicit0).body, password)).into();
}

function readBag(bag: DerReader, password: string, keys: KeyObject[], certificates: X509Certificate[]): void {
  const type = bag.oid();
  const { body } = bag.next(Tag.explicit0);
  if (type === Bag.key || type === Bag.encryptedKey) {
    keys.push(privateKeyFrom(body, password));
  } else if (type === Bag.certificate) {
    const certificate = new DerReader(body).into();
    if (certificate.oid() === X509)
      certificates.push(certificateFrom(certificate.into(Tag.explicit0).next(Tag.octets).body));
  }
}
