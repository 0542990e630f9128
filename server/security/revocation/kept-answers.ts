import type { X509Certificate } from 'node:crypto';
import { printable } from '../../printable.ts';
import type { Clock, Timer } from '../../runtime/runtime.ts';
import { DerError } from '../der/der.ts';
import type { CertificateFields } from './certificate-fields.ts';

/** An answer that is this old is asked for again when it is needed, as Java does with its lists. */
export const ANSWER_AGE_MS_MAX = 30_000;

/** A source's answer about revoked certificates: a list, or the answer of a responder. */
export interface RevocationAnswer {
  /** Why the answer does not count for certificates of this authority; null when it counts. */
  problemFor(authority: X509Certificate, nowMs: number): string | null;
  /** When a certificate was revoked, in ms since 1970; undefined when it is not. */
  revokedMs(fields: CertificateFields): number | undefined;
}

/** Where an answer comes from. */
export interface AnswerSource {
  /** The key under which the answer is kept. */
  readonly key: string;
  /** The message about an answer that cannot be read, such as "it is no list". */
  readonly unreadable: string;
  /** True when an answer that cannot be renewed counts until it expires. */
  readonly outlastsItsSource: boolean;
  /** Calls `done` once, never during the call. */
  ask(done: (result: Buffer | Error) => void): Timer;
  /** @throws DerError */
  read(bytes: Buffer): RevocationAnswer;
}

export interface KeptAnswer {
  /** The last answer that could be fetched and read. */
  answer: RevocationAnswer | undefined;
  problem: string;
  askedMs: number;
  exchange: Timer | undefined;
  readonly waiting: Set<() => void>;
}

/** Recent answers. Those who ask for the same answer meanwhile share one exchange. */
export class KeptAnswers {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #kept = new Map<string, KeptAnswer>();

  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  /** Calls `done` once, never during this call, nor after the result is cancelled. */
  at(source: AnswerSource, done: (kept: KeptAnswer) => void): Timer {
    const kept = this.#keptAt(source.key);
    if (this.#clock.monotonicMs() - kept.askedMs < ANSWER_AGE_MS_MAX)
      return this.#clock.after(0, () => done(kept));
    const tell = (): void => done(kept);
    kept.waiting.add(tell);
    kept.exchange ??= source.ask(result => this.#onAnswered(source, kept, result));
    return { cancel: () => kept.waiting.delete(tell) };
  }

  #keptAt(key: string): KeptAnswer {
    const found = this.#kept.get(key);
    if (found !== undefined) return found;
    const askedMs = Number.NEGATIVE_INFINITY;
    const kept = {
      answer: undefined,
      problem: '',
      askedMs,
      exchange: undefined,
      waiting: new Set<() => void>(),
    };
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= this.#max && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, kept);
    return kept;
  }

  #onAnswered(source: AnswerSource, kept: KeptAnswer, result: Buffer | Error): void {
    kept.exchange = undefined;
    kept.askedMs = this.#clock.monotonicMs();
    if (!source.outlastsItsSource) kept.answer = undefined;
    try {
      if (result instanceof Error) throw result;
      kept.answer = source.read(result);
    } catch (error) {
      kept.problem = error instanceof DerError ? source.unreadable : printable((error as Error).message);
    }
    const waiting = [...kept.waiting];
    kept.waiting.clear();
    for (const tell of waiting) tell();
  }

  close(): void {
    for (const { exchange } of this.#kept.values()) exchange?.cancel();
    this.#kept.clear();
  }
}
