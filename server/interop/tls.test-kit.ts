/** Certificates of an ensemble's members as files, and the lines of zoo.cfg that name them. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '#test';
import { type Identity, TestAuthority } from '../runtime/tls/certificates.test-kit.ts';

/** The member dials and accepts TLS alone. */
export const TLS = ['sslQuorum=true', 'portUnification=false'];
/** The member dials without TLS, and accepts both. */
export const BOTH_ACCEPTED = ['sslQuorum=false', 'portUnification=true'];
/** The member dials with TLS, and accepts both. */
export const TLS_DIALLED = ['sslQuorum=true', 'portUnification=true'];

/** The address from which everybody dials addresses of the loopback network. */
export const DIALS_FROM = '127.0.0.1';

export class TestStores {
  readonly authority = new TestAuthority('members');
  readonly #folder = temporaryFolder();
  readonly trustStore: string;
  /** Key stores by the host of the member. */
  readonly #keyStores = new Map<string, string>();
  #made = 0;

  constructor() {
    this.trustStore = this.#write('trusted', this.authority.certificate);
  }

  #write(name: string, text: string): string {
    const path = join(this.#folder, `${name}.pem`);
    writeFileSync(path, text);
    return path;
  }

  keyStore({ certificate, privateKey }: Identity): string {
    return this.#write(`member-${++this.#made}`, privateKey + certificate);
  }

  /** Replaces the trust store of all members. */
  trust(...authorities: readonly TestAuthority[]): void {
    replace(this.trustStore, authorities.map(({ certificate }) => certificate).join(''));
  }

  /** Replaces the certificates of all members. */
  renew(authority: TestAuthority): void {
    for (const [host, path] of this.#keyStores) {
      const { certificate, privateKey } = authority.issue('renewed', host, DIALS_FROM);
      replace(path, privateKey + certificate);
    }
  }

  /**
   * Settings that name the stores of a member at `host`, with a certificate of `identity`, or with one of its
   * own.
   */
  settings(host: string, identity = this.authority.issue('member', host, DIALS_FROM)): string[] {
    const keyStore = this.keyStore(identity);
    this.#keyStores.set(host, keyStore);
    return [`ssl.quorum.keyStore.location=${keyStore}`, `ssl.quorum.trustStore.location=${this.trustStore}`];
  }
}

/** Replaces a file in one step, as an operator does. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
