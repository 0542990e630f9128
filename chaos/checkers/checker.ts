/**
 * What a checker is: it reads parts of the record of a run and judges them. It reads nothing else and changes
 * nothing.
 */
import type { Judgement } from './judgement.ts';
import type { Part, RunRecord } from './run-record.ts';

export interface Checker<Needs extends Part = Part, Uses extends Part = never> {
  readonly name: string;
  /** One line, for `zklab list`. */
  readonly description: string;
  /** The parts of the record that the checker needs. */
  readonly needs: readonly Needs[];
  /** Only some workloads have anything for it. In runs of others its judgement is left out. */
  readonly isOptional?: true;
  /** `Uses`: what it reads when it is there. */
  check(record: Pick<RunRecord, Needs> & Partial<Pick<RunRecord, Uses>>): Judgement;
}
