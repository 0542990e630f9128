import type { X509Certificate } from 'node:crypto';
import type { StoreFile, StoreType } from '../../config/quorum-tls.ts';
import { ServerError } from '../../errors.ts';
import { printable } from '../../printable.ts';
import type { Disk } from '../../runtime/runtime.ts';
import { readJksStore } from './jks-store.ts';
import { type StoreContent, StoreError } from './key-store.ts';
import { readPemStore } from './pem-store.ts';
import { readPkcs12Store } from './pkcs12-store.ts';

/** Limit on a store or a password file. Those of an ensemble have a few KiB. */
export const STORE_BYTES_MAX = 4 * 1024 * 1024;

const READERS: Readonly<Record<StoreType, (bytes: Buffer, password: string) => StoreContent>> = {
  PEM: readPemStore,
  PKCS12: readPkcs12Store,
  JKS: readJksStore,
};

export interface MemberIdentity {
  readonly certificate: X509Certificate;
  /** The identity in the form that a SecurityContext takes. */
  readonly pem: { readonly certificate: string; readonly privateKey: string };
}

/** The one private key of a key store, with its certificates. @throws ServerError ZK_KEY_STORE */
export function readIdentity(disk: Disk, file: StoreFile): MemberIdentity {
  const { identities } = contentOf(disk, file);
  const [identity] = identities;
  if (identity === undefined || identities.length > 1)
    throw storeError(file, `has ${identities.length} private keys; one is accepted`);
  const { privateKey, chain } = identity;
  const [certificate] = chain;
  if (certificate === undefined) throw storeError(file, 'has no certificate for its private key');
  if (!certificate.checkPrivateKey(privateKey))
    throw storeError(file, 'has a private key that does not belong to its first certificate');
  return {
    certificate,
    pem: {
      certificate: chain.map(each => each.toString()).join(''),
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
  };
}

/** The certificates of a trust store, as PEM. @throws ServerError ZK_KEY_STORE */
export function readAuthorities(disk: Disk, file: StoreFile): string[] {
  const { certificates, identities } = contentOf(disk, file);
  const all = [...certificates, ...identities.flatMap(({ chain }) => chain)];
  if (all.length === 0) throw storeError(file, 'has no certificate');
  return all.map(certificate => certificate.toString());
}

/** Changes when one of the files of a store changes. */
export function stampOf(disk: Disk, { path, passwordPath }: StoreFile): string {
  const stamps = [path, passwordPath].map(each => {
    const info = each === undefined ? undefined : disk.fileInfo(each);
    return info === undefined ? '' : `${info.bytes} bytes at ${info.modifiedMs}`;
  });
  return stamps.join(', ');
}

function contentOf(disk: Disk, file: StoreFile): StoreContent {
  const { path, passwordPath, type } = file;
  const password = passwordPath === undefined ? file.password : readPassword(disk, file, passwordPath);
  const bytes = readFile(disk, file, path);
  try {
    return READERS[type](bytes, password);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw storeError(file, error.message, error);
  }
}

/** Reads the password as UTF-8, without the end of its line. */
function readPassword(disk: Disk, file: StoreFile, path: string): string {
  return readFile(disk, file, path)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

function readFile(disk: Disk, file: StoreFile, path: string): Buffer {
  let bytes: Buffer;
  try {
    const size = disk.fileInfo(path)?.bytes ?? 0;
    if (size > STORE_BYTES_MAX) throw new Error(`it has ${size} bytes; ${STORE_BYTES_MAX} are accepted`);
    bytes = disk.read(path);
  } catch (error) {
    // The disk's own message repeats the path.
    const { cause = error } = error as Error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServerError(
      'ZK_KEY_STORE',
      `${file.key}: ${printable(path)} cannot be read: ${why}`,
      { path },
      error,
    );
  }
  return bytes;
}

function storeError({ key, path, type }: StoreFile, problem: string, cause?: unknown): ServerError {
  return new ServerError(
    'ZK_KEY_STORE',
    `${key}: ${printable(path)} (${type}) ${problem}`,
    { path, type },
    cause,
  );
}
