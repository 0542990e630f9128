import type { X509Certificate } from 'node:crypto';
import { printable } from '../../printable.ts';
import type { Timer } from '../../runtime/runtime.ts';
import { named } from '../../runtime/tls/tls-refusal.ts';
import { DerError } from '../der/der.ts';
import { askResponder } from './ask-responder.ts';
import { type CertificateFields, certificateFields } from './certificate-fields.ts';
import { type FetchParts, fetchList } from './fetch-list.ts';
import { type AnswerSource, KeptAnswers } from './kept-answers.ts';
import { RevocationList } from './revocation-list.ts';
import { certificateId, StatusAnswer, statusQuestion } from './status-answer.ts';

/** Limit on the lists that are kept. An ensemble has one or two. */
export const LISTS_MAX = 16;
/** Limit on the answers of responders that are kept, one for each certificate. */
export const ANSWERS_MAX = 256;
/** Limit on the URLs of one certificate that are tried. */
const URLS_MAX = 4;
/** Limit on the certificates between a peer's and the trust store. */
const CHAIN_MAX = 8;

/**
 * Checks whether certificates of peers are revoked, by the lists that they name. With `asksResponders`, it
 * asks the responder that a certificate names first, and the lists count when that does not answer. A
 * certificate whose state cannot be found out is not accepted. ssl.quorum.crl, ssl.quorum.ocsp;
 * PKIXRevocationChecker
 */
export class Revocation {
  readonly #parts: FetchParts;
  readonly #asksResponders: boolean;
  readonly #lists: KeptAnswers;
  readonly #answers: KeptAnswers;

  constructor(parts: FetchParts, asksResponders: boolean) {
    this.#parts = parts;
    this.#asksResponders = asksResponders;
    this.#lists = new KeptAnswers(parts.clock, LISTS_MAX);
    this.#answers = new KeptAnswers(parts.clock, ANSWERS_MAX);
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
      current = this.#judge(step, this.#sourcesOf(step), '', reason => {
        if (reason === null) next(at + 1);
        else done(reason);
      });
    };
    current = this.#parts.clock.after(0, () => next(0));
    return { cancel: () => current.cancel() };
  }

  /** Judges by the first source whose answer counts. */
  #judge(
    step: Step,
    [source, ...rest]: readonly NamedSource[],
    before: string,
    done: (reason: string | null) => void,
  ): Timer {
    const { clock } = this.#parts;
    const { certificate, issuer, fields } = step;
    const subject = `its certificate ${named(certificate.subject)}`;
    if (source === undefined) {
      const why = before === '' ? `: ${this.#namesNothing()}` : before;
      return clock.after(0, () => done(`whether ${subject} is revoked is not known${why}`));
    }
    let current = source.kept.at(source, ({ answer, problem }) => {
      const why = answer === undefined ? problem : answer.problemFor(issuer, clock.wallMs());
      if (answer === undefined || why !== null) {
        const said = `${before === '' ? ':' : `${before};`} ${source.what}: ${why}`;
        current = this.#judge(step, rest, said, done);
        return;
      }
      const revokedMs = answer.revokedMs(fields);
      done(
        revokedMs === undefined
          ? null
          : `${subject} is not accepted: it was revoked on ${new Date(revokedMs).toISOString()}`,
      );
    });
    return { cancel: () => current.cancel() };
  }

  #namesNothing(): string {
    const list = 'no list (CRL distribution point)';
    return this.#asksResponders
      ? `it names no responder (authority information access) and ${list}`
      : `it names ${list}`;
  }

  #sourcesOf(step: Step): NamedSource[] {
    const lists = step.fields.listUrls.slice(0, URLS_MAX).map(url => this.#listAt(url));
    const { responderUrl } = step.fields;
    if (!this.#asksResponders || responderUrl === undefined) return lists;
    return [this.#responderAt(responderUrl, step), ...lists];
  }

  #listAt(url: string): NamedSource {
    return {
      kept: this.#lists,
      what: `the list at ${printable(url)}`,
      key: url,
      unreadable: 'it is no list',
      outlastsItsSource: true,
      ask: done => fetchList(this.#parts, url, done),
      read: bytes => new RevocationList(bytes),
    };
  }

  #responderAt(url: string, { fields, issuerFields }: Step): NamedSource {
    const id = certificateId(fields, issuerFields);
    const question = statusQuestion(id);
    return {
      kept: this.#answers,
      what: `the responder at ${printable(url)}`,
      key: `${url} ${question.toString('base64')}`,
      unreadable: 'it does not answer as a responder',
      outlastsItsSource: false,
      ask: done => askResponder(this.#parts, url, question, done),
      read: bytes => new StatusAnswer(bytes, id),
    };
  }

  close(): void {
    this.#lists.close();
    this.#answers.close();
  }
}

interface NamedSource extends AnswerSource {
  readonly kept: KeptAnswers;
  /** The name of the source, as the beginning of a sentence. */
  readonly what: string;
}

interface Step {
  readonly certificate: X509Certificate;
  readonly issuer: X509Certificate;
  readonly fields: CertificateFields;
  readonly issuerFields: CertificateFields;
}

/**
 * Each certificate from the peer's up to one that the trust store has, with its issuer. Null for a chain that
 * does not reach one.
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
    if (issuer === undefined || steps.length >= CHAIN_MAX) return null;
    const fields = fieldsOf(own);
    const issuerFields = fieldsOf(issuer);
    if (fields === null || issuerFields === null) return null;
    steps.push({ certificate: own, issuer, fields, issuerFields });
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
