import { X509Certificate } from 'node:crypto';
import type { QuorumTls } from '../config/quorum-tls.ts';
import { ServerError } from '../errors.ts';
import { printable } from '../printable.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { Clock, Disk, Network, PortSecurity, SecurityContext, Timer } from '../runtime/runtime.ts';
import { named } from '../runtime/tls/tls-refusal.ts';
import { Revocation } from './revocation/revocation.ts';
import { type MemberIdentity, readAuthorities, readIdentity, stampOf } from './stores/read-store.ts';

/** Interval in ms between two checks of the files of the stores. */
export const RELOAD_INTERVAL_MS = 1000;

export interface QuorumSecurityParts {
  readonly disk: Disk;
  readonly network: Pick<Network, 'problemWith' | 'connect'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Contexts {
  readonly listens: SecurityContext;
  readonly dials: SecurityContext;
}

/**
 * TLS between members: the certificate that this member shows, and those that it accepts. With
 * `sslQuorumReloadCertFiles` it follows changes of the files; existing connections stay as they are. @see
 * docs/security.md "Reload"
 */
export class QuorumSecurity {
  readonly #parts: QuorumSecurityParts;
  readonly #tls: QuorumTls;
  readonly #timer: Timer | undefined;
  #contexts: Contexts;
  readonly #revocation: Revocation | undefined;
  #stamp: string;
  /** Security of the ports between members. */
  readonly port: PortSecurity;

  /** @throws ServerError ZK_KEY_STORE */
  constructor(parts: QuorumSecurityParts, tls: QuorumTls) {
    this.#parts = parts;
    this.#tls = tls;
    if (tls.revocation !== 'none') this.#revocation = new Revocation(parts, tls.revocation === 'responders');
    this.#stamp = this.#stampOfAll();
    this.#contexts = this.#read();
    this.port = {
      context: () => this.#contexts.listens,
      acceptsPlain: tls.acceptsPlain,
      detectionMs: tls.detectionMs,
    };
    if (tls.reloads) this.#timer = parts.clock.every(RELOAD_INTERVAL_MS, () => this.#reload());
  }

  /** Undefined when this member dials without TLS. */
  get dials(): SecurityContext | undefined {
    return this.#tls.dials ? this.#contexts.dials : undefined;
  }

  close(): void {
    this.#timer?.cancel();
    this.#revocation?.close();
  }

  #read(): Contexts {
    const { keyStore, trustStore, versions, ciphers, clientAuth, verifiesHost, verifiesClientHost } =
      this.#tls;
    const { disk } = this.#parts;
    const identity = readIdentity(disk, keyStore);
    const authorities = readAuthorities(disk, trustStore);
    const common = {
      identity: identity.pem,
      authorities,
      peer: clientAuth,
      versions,
      ...(ciphers === undefined ? {} : { ciphers }),
      ...this.#revocationWith(authorities),
    };
    const dials = { ...common, verifiesHost };
    this.#check(dials);
    this.#tell(identity);
    return { listens: { ...common, verifiesHost: verifiesClientHost }, dials };
  }

  #revocationWith(pem: readonly string[]): Pick<SecurityContext, 'revocation'> {
    const revocation = this.#revocation;
    if (revocation === undefined) return {};
    const authorities = pem.map(each => new X509Certificate(each));
    return { revocation: (certificate, done) => revocation.check(certificate, authorities, done) };
  }

  /**
   * A context that fails only at the first connection would end the server then, so it is checked at the
   * start.
   */
  #check(context: SecurityContext): void {
    const problem = this.#parts.network.problemWith(context);
    if (problem === null) return;
    const { key, path } = this.#tls.keyStore;
    throw new ServerError(
      'ZK_KEY_STORE',
      `${key}: ${printable(path)} cannot be used for TLS, or the trust store and the cipher suites cannot: ${problem}`,
      { path },
    );
  }

  #tell({ certificate }: MemberIdentity): void {
    const { clock, logger } = this.#parts;
    const { dials, acceptsPlain } = this.#tls;
    const { validFrom, validTo } = certificate;
    const subject = named(certificate.subject);
    logger.info('TLS between members is on', {
      sslQuorum: dials,
      portUnification: acceptsPlain,
      subject,
      validTo,
    });
    const nowMs = clock.wallMs();
    if (nowMs > Date.parse(validTo) || nowMs < Date.parse(validFrom))
      logger.warn(
        'the certificate that this server shows to members is not valid today: they will refuse it',
        {
          subject,
          validFrom,
          validTo,
        },
      );
  }

  #stampOfAll(): string {
    const { keyStore, trustStore } = this.#tls;
    return [keyStore, trustStore].map(file => stampOf(this.#parts.disk, file)).join('; ');
  }

  #reload(): void {
    const stamp = this.#stampOfAll();
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    try {
      this.#contexts = this.#read();
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      const { code, message } = error;
      this.#parts.logger.error(`${message}; the certificates read before stay in use`, { code });
    }
  }
}
