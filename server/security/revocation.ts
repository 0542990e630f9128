import type { X509Certificate } from 'node:crypto';
import { printable } from '../printable.ts';
import type { Timer } from '../runtime/runtime.ts';
import { named } from '../runtime/tls-refusal.ts';
import { type CertificateFields, certificateFields } from './certificate-fields.ts';
import { DerError } from './der.ts';
import { type FetchParts, fetchList } from './fetch-list.ts';
import { RevocationList } from './revocation-list.ts';

/** A list is fetched again when one is asked for and the last fetch is this old, as by Java. */
export const LIST_AGE_MS_MAX = 30_000;
/** Limit on the lists that are kept. An ensemble has one or two. */
export const LISTS_MAX = 16;
/** Limit on the URLs of one certificate that are tried. */
const URLS_MAX = 4;
/** Limit on the certificates between a peer's and the trust store. */
const CHAIN_MAX = 8;

interface KeptList {
  /** The last one that could be fetched and read. */
  list: RevocationList | undefined;
  problem: string;
  fetchedMs: number;
  fetch: Timer | undefined;
  readonly waiting: Set<() => void>;
}

/**
 * Whether certificates of peers are revoked, by the lists that they name. A certificate of which that cannot
 * be found out is not accepted. ssl.quorum.crl; PKIXRevocationChecker
 */
export class Revocation {
  readonly #parts: FetchParts;
  readonly #lists = new Map<string, KeptList>();

  constructor(parts: FetchParts) {
    this.#parts = parts;
  }

  /**
   * Calls `done` once, with null when neither the certificate nor one between it and the trust store is
   * revoked, else with the reason. Never during this call, nor after the result is cancelled.
   */
  check(
    certificate: X509Certificate,
    authorities: readonly X509Certificate[],
    done: (reason: string | null) => void,
  ): Timer {
    let current: Timer;
    const steps = stepsOf(certificate, authorities);
    const next = (at: number): void => {
      if (steps === null) {
        done(
          `whether its certificate ${named(certificate.subject)} is revoked is not known: its chain cannot be read`,
        );
        return;
      }
      const step = steps[at];
      if (step === undefined) {
        done(null);
        return;
      }
      current = this.#judge(step, 0, '', reason => {
        if (reason === null) next(at + 1);
        else done(reason);
      });
    };
    current = this.#parts.clock.after(0, () => next(0));
    return { cancel: () => current.cancel() };
  }

  /** By the first of its lists that says something, from the one at `index` on. */
  #judge(step: Step, index: number, before: string, done: (reason: string | null) => void): Timer {
    const { certificate, issuer, fields } = step;
    const subject = `its certificate ${named(certificate.subject)}`;
    const url = fields.listUrls[index];
    if (url === undefined || index >= URLS_MAX) {
      const why = before === '' ? ': it names no list (CRL distribution point)' : before;
      return this.#parts.clock.after(0, () => done(`whether ${subject} is revoked is not known${why}`));
    }
    let current = this.#listAt(url, ({ list, problem }) => {
      const nowMs = this.#parts.clock.wallMs();
      const why = list === undefined ? problem : list.problemFor(issuer, nowMs);
      if (list === undefined || why !== null) {
        const said = `${before === '' ? ':' : `${before};`} the list at ${printable(url)}: ${why}`;
        current = this.#judge(step, index + 1, said, done);
        return;
      }
      const revokedMs = list.revokedMs(fields);
      done(
        revokedMs === undefined
          ? null
          : `${subject} is not accepted: it was revoked on ${new Date(revokedMs).toISOString()}`,
      );
    });
    return { cancel: () => current.cancel() };
  }

  #listAt(url: string, done: (kept: KeptList) => void): Timer {
    const kept = this.#keptAt(url);
    const { clock } = this.#parts;
    if (clock.monotonicMs() - kept.fetchedMs < LIST_AGE_MS_MAX) return clock.after(0, () => done(kept));
    const tell = (): void => done(kept);
    kept.waiting.add(tell);
    kept.fetch ??= fetchList(this.#parts, url, result => this.#onFetched(kept, result));
    return { cancel: () => kept.waiting.delete(tell) };
  }

  #keptAt(url: string): KeptList {
    const found = this.#lists.get(url);
    if (found !== undefined) return found;
    const fetchedMs = Number.NEGATIVE_INFINITY;
    const kept: KeptList = { list: undefined, problem: '', fetchedMs, fetch: undefined, waiting: new Set() };
    const [oldest] = this.#lists.keys();
    if (this.#lists.size >= LISTS_MAX && oldest !== undefined) this.#lists.delete(oldest);
    this.#lists.set(url, kept);
    return kept;
  }

  /** A list that cannot be renewed counts until its time is over. */
  #onFetched(kept: KeptList, result: Buffer | Error): void {
    kept.fetch = undefined;
    kept.fetchedMs = this.#parts.clock.monotonicMs();
    try {
      if (result instanceof Error) throw result;
      kept.list = new RevocationList(result);
    } catch (error) {
      kept.problem = error instanceof DerError ? 'it is no list' : printable((error as Error).message);
    }
    const waiting = [...kept.waiting];
    kept.waiting.clear();
    for (const tell of waiting) tell();
  }

  close(): void {
    for (const { fetch } of this.#lists.values()) fetch?.cancel();
    this.#lists.clear();
  }
}

interface Step {
  readonly certificate: X509Certificate;
  readonly issuer: X509Certificate;
  readonly fields: CertificateFields;
}

/**
 * Each certificate from the peer's up to one that the trust store has, with its issuer. Null for a chain that
 * does not get there.
 */
function stepsOf(peer: X509Certificate, authorities: readonly X509Certificate[]): Step[] | null {
  const isTrusted = (one: X509Certificate) => authorities.some(({ raw }) => raw.equals(one.raw));
  const steps: Step[] = [];
  let certificate: X509Certificate = peer;
  while (!isTrusted(certificate)) {
    const own = certificate;
    const candidates = [
      ...authorities,
      ...(own.issuerCertificate === undefined ? [] : [own.issuerCertificate]),
    ];
    const issuer = candidates.find(one => own.checkIssued(one) && own.verify(one.publicKey));
    const fields = fieldsOf(own);
    if (issuer === undefined || fields === null || steps.length >= CHAIN_MAX) return null;
    steps.push({ certificate: own, issuer, fields });
    certificate = issuer;
  }
  return steps;
}

function fieldsOf(certificate: X509Certificate): CertificateFields | null {
  try {
    return certificateFields(certificate);
  } catch (error) {
    if (error instanceof DerError) return null;
    throw error;
  }
}
