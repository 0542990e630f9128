/** A member in virtual time that asks a server whether certificates are revoked. */
import { X509Certificate } from 'node:crypto';
import { assert } from '#test';
import type { Identity, TestAuthority } from '../../runtime/tls/certificates.test-kit.ts';
import { MemoryNetwork } from '../../runtime/virtual/memory-network.ts';
import { VirtualClock } from '../../runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../../runtime/virtual/virtual-time.ts';
import { emptyDisk } from '../stores/stores.test-kit.ts';
import { EXCHANGE_MS_MAX } from './http-exchange.ts';
import { Revocation } from './revocation.ts';

export const NOW_MS = Date.UTC(2026, 0, 1);

/** An HTTP answer. */
export const ok = (body: Buffer, head = '') =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${head}\r\n`), body]);

export class RevocationWorld {
  readonly time = new VirtualTime();
  readonly #network = new MemoryNetwork(this.time);
  readonly clock = new VirtualClock(this.time, { wallStartMs: NOW_MS });
  readonly #host = this.#network.host('member', this.clock);
  readonly disk = emptyDisk();
  readonly #authority: TestAuthority;
  readonly #revocation: Revocation;
  readonly asked: string[] = [];
  /** What the server `pki:8080` answers to a request; null: nothing. */
  answer: (request: Buffer) => Buffer | null = () => null;

  constructor(authority: TestAuthority, asksResponders: boolean) {
    this.#authority = authority;
    const parts = { clock: this.clock, disk: this.disk, network: this.#host };
    this.#revocation = new Revocation(parts, asksResponders);
    const server = this.#network.host('pki', new VirtualClock(this.time));
    server.listen(
      { host: 'pki', port: 8080 },
      {
        onListening: () => {},
        onError: error => {
          throw error;
        },
        onConnection: connection =>
          connection.start({
            onData: request => {
              this.asked.push(request.toString('latin1'));
              const answer = this.answer(request);
              if (answer === null) return;
              connection.write(answer);
              connection.end();
            },
            onClose: () => {},
          }),
      },
    );
    this.time.advance(10);
  }

  /** Asks without waiting. */
  checkAtOnce(
    { certificate }: Identity,
    done: (verdict: string | null) => void = () => {},
    authority = this.#authority,
  ): { cancel(): void } {
    const authorities = [new X509Certificate(authority.certificate)];
    return this.#revocation.check(new X509Certificate(certificate), authorities, done);
  }

  /** The verdict on a certificate; undefined when there is none within the limit. */
  check(identity: Identity, authority = this.#authority): string | null | undefined {
    let verdict: string | null | undefined;
    const done = (reason: string | null): void => {
      verdict = reason;
    };
    this.checkAtOnce(identity, done, authority);
    assert.is(verdict, undefined, 'never during the call');
    this.time.advance(3 * EXCHANGE_MS_MAX);
    return verdict;
  }
}
