import { type KeyObject, verify } from 'node:crypto';
import { type DerReader, Tag } from './der.ts';

/** The three parts of what an authority signs: the content, the kind of the signature, and the signature. */
export interface SignedDer {
  /** Its bytes with tag and length, as they are signed. */
  readonly signed: Buffer;
  readonly body: Buffer;
  readonly algorithm: string;
  readonly signature: Buffer;
}

/** @throws DerError */
export function readSigned(reader: DerReader): SignedDer {
  const { bytes: signed, body } = reader.next(Tag.sequence);
  return { signed, body, algorithm: reader.into().oid(), signature: reader.next(Tag.bits).body.subarray(1) };
}

/** Also false for kinds of signatures that this server does not know. */
export function isSignedWith(publicKey: KeyObject, { signed, algorithm, signature }: SignedDer): boolean {
  const hash = HASHES[algorithm];
  return hash !== undefined && verify(hash, signed, publicKey, signature);
}

/** Hashes by the kind of the signature; null for those that hash by themselves. */
const HASHES: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
  '1.3.101.113': null,
};
