import type { QuorumSasl } from '../../config/quorum-sasl.ts';
import type { Logger } from '../../runtime/logging/logger.ts';
import type { Disk } from '../../runtime/runtime.ts';
import { AuthLearnerSide, AuthServerSide } from './auth-sides.ts';
import { DigestClient, DigestServer } from './digest-md5.ts';
import { type MemberAccounts, readAccounts } from './member-accounts.ts';
import type { Preamble } from './preamble.ts';

/** Bytes of a nonce, enough that nobody can guess one and none is repeated. */
const NONCE_BYTES = 24;

export interface MemberAuthParts {
  readonly disk: Disk;
  readonly logger: Logger;
  /** @see Runtime.secret */
  readonly secret: (bytes: number) => Buffer;
}

/** Makes the SASL side of each connection, from this member's account and the accounts that it accepts. */
export class MemberAuth {
  readonly #secret: (bytes: number) => Buffer;
  readonly #sasl: QuorumSasl;
  readonly #accounts: MemberAccounts;

  /** @throws ServerError ZK_JAAS */
  constructor({ disk, logger, secret }: MemberAuthParts, sasl: QuorumSasl) {
    this.#secret = secret;
    this.#sasl = sasl;
    this.#accounts = readAccounts(disk, sasl);
    logger.info('SASL between members is on', {
      learnerRequireSasl: sasl.dials,
      serverRequireSasl: sasl.isRequired,
      user: this.#accounts.own.username,
    });
  }

  /** For a connection that was accepted. */
  serverSide(preamble: Preamble): AuthServerSide {
    const { known } = this.#accounts;
    const digest = new DigestServer(name => known.get(name), this.#nonce());
    return new AuthServerSide(digest, this.#sasl.isRequired, preamble);
  }

  /** For a connection that was dialled; null when this member does not authenticate. */
  learnerSide(): AuthLearnerSide | null {
    if (!this.#sasl.dials) return null;
    return new AuthLearnerSide(new DigestClient(this.#accounts.own, this.#nonce()));
  }

  #nonce(): string {
    return this.#secret(NONCE_BYTES).toString('base64');
  }
}
