import { createPrivateKey, type KeyObject } from 'node:crypto';
import { certificateFrom, type StoreContent, StoreError } from './key-store.ts';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;
const KEY_LABEL = /^(?:(?:ENCRYPTED|RSA|EC) )?PRIVATE KEY$/;

/**
 * Reads certificates, and a private key before, after or between them, which belongs to the first
 * certificate. The password of the store decrypts the key. @throws StoreError @see PemReader
 */
export function readPemStore(bytes: Buffer, password: string): StoreContent {
  const blocks = [...bytes.toString('latin1').matchAll(BLOCK)].map(([text, label = '']) => ({ text, label }));
  const certificates = blocks
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ text }) => certificateFrom(text));
  const keys = blocks.filter(({ label }) => KEY_LABEL.test(label));
  if (keys.length > 1) throw new StoreError(`has ${keys.length} private keys; one is accepted`);
  const [key] = keys;
  if (key === undefined) return { identities: [], certificates };
  return { identities: [{ privateKey: keyFrom(key.text, password), chain: certificates }], certificates: [] };
}

function keyFrom(pem: string, password: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, passphrase: password });
  } catch {
    throw new StoreError('has a private key that cannot be read with this password');
  }
}
