import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

/** What a key store or a trust store holds. */
export interface StoreContent {
  /** The private keys, each with its own certificate first and the ones of its issuers after it. */
  readonly identities: readonly {
    readonly privateKey: KeyObject;
    readonly chain: readonly X509Certificate[];
  }[];
  /** Certificates without a private key. */
  readonly certificates: readonly X509Certificate[];
}

/** A store that cannot be read. The message is the end of a sentence about the file. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** The chain that leads from the first certificate to its issuers, as far as it is present. */
export function chainOf(first: X509Certificate, others: readonly X509Certificate[]): X509Certificate[] {
  const chain = [first];
  for (;;) {
    const last = chain.at(-1)!;
    const issuer = others.find(other => !chain.includes(other) && last.checkIssued(other));
    if (issuer === undefined) return chain;
    chain.push(issuer);
  }
}

/** @throws StoreError */
export function certificateFrom(bytes: Buffer | string): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch {
    throw new StoreError('has a certificate that cannot be read');
  }
}

/** A private key in PKCS #8, encrypted or not. @throws StoreError */
export function privateKeyFrom(bytes: Buffer, password: string): KeyObject {
  try {
    return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8', passphrase: password });
  } catch {
    throw new StoreError('has a private key that cannot be read with this password');
  }
}
