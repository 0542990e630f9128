import type { Ensemble } from '../topology/ensemble.ts';

/** What cells are measured on. A stage of `chaos/experiments/` is one, with proxies on its links. */
export interface RunningTopology {
  /** As results name it. */
  readonly name: string;
  readonly ensemble: Ensemble;
  /** Whether proxies stand on its links. */
  readonly hasLinks: boolean;
  /** Says what is done from now on, for the record of a member that ends meanwhile. */
  begin(what: string): void;
}
