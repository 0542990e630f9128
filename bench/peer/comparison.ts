import type { Metric } from '../../results/names.ts';
import type { Claim, Result } from '../../results/schema.ts';
import type { Ensemble } from '../topology/ensemble.ts';
import type { Contestant, PerSide, Readings, Round, Rounds } from './servers.ts';

/** What is compared, and how one round of one server is measured. */
export interface Comparison {
  /** `bench <name>`; also the name of the run and its suite. */
  readonly name: string;
  readonly commandLine: string;
  /** Described in words, for the heading of the table. */
  readonly load: string;
  readonly seed: number;
  readonly metrics: readonly Metric[];
  /** The settings that determine the load, for comparisons of two results. */
  readonly inputs: NonNullable<Result['inputs']>;
  /** What its numbers cannot show. */
  readonly limits: readonly string[];
  readonly contestants: PerSide<Contestant>;
  /** A ratio whose interval is this near to 1 counts as no difference. @default nothing does */
  readonly marginShare?: number;
  /** Of Apache ZooKeeper. @default JAVA_FLAGS */
  readonly javaFlags?: readonly string[];
  /** After so many rounds both ensembles are started anew; at least 1. @default they serve all rounds */
  readonly roundsPerStart?: number;
  /** Called once, when an ensemble has just become ready. The readings belong to its first round. */
  prepare?(ensemble: Ensemble, signal: AbortSignal): Promise<Readings>;
  /** Called for an ensemble that has been idle since the other one's turn. */
  rested?(ensemble: Ensemble, signal: AbortSignal): Promise<Readings>;
  /** @throws the reason of `signal` when it is aborted before the last phase */
  measure(ensemble: Ensemble, signal: AbortSignal): Promise<Round>;
  /** Verdicts on the rounds that count. One that fails, and is no known failure, fails the run. */
  judge?(rounds: Rounds): Claim[];
}
