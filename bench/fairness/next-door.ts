import { makeTemporaryFolder } from '../hosts/temporary-folder.ts';
import { Ensemble, type EnsembleOptions } from '../topology/ensemble.ts';
import { planEnsemble } from '../topology/plan.ts';

/**
 * For each measured ensemble one more of the same topology, where a neighbour can be kept busy without
 * sharing a server with the quiet client. They share the cores and the disk.
 */
export class NextDoor {
  readonly #folder = makeTemporaryFolder('next-door');
  readonly #ensembles = new Map<Ensemble, Ensemble>();

  /** @throws EnsembleError */
  async start(measured: Ensemble, options: Pick<EnsembleOptions, 'javaFlags' | 'signal'>): Promise<Ensemble> {
    const { topology } = measured.plan;
    const plan = await planEnsemble(topology, `${this.#folder.path}/${this.#ensembles.size}`);
    const ensemble = await Ensemble.start(plan, { temporaryFolder: this.#folder.path, ...options });
    this.#ensembles.set(measured, ensemble);
    return ensemble;
  }

  of(measured: Ensemble): Ensemble | undefined {
    return this.#ensembles.get(measured);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#ensembles.values()].map(ensemble => ensemble.stop()));
    this.#folder.remove();
  }
}
