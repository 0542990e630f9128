/** Ensembles that an experiment starts once, on direct links, and measures in many rounds. */
import { isDefect } from '../../bench/defect.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import type { MeasureOptions } from './measure-options.ts';
import type { Stage } from './stage.ts';

export interface OwnEnsembles {
  /** Names the files of an ensemble. */
  labelOf(topology: Topology): string;
  /** What is done before the first round, such as to create its znodes. */
  prepare(stage: Stage): Promise<unknown>;
  /** Called for an ensemble that did not start, or could not be prepared. */
  lost(topology: Topology, reason: string): void;
}

/**
 * Starts them one after the other. One that fails is missed alone, because hours of other measurements may
 * stand beside it. @throws the reason of the signal, and what looks like a defect of zklab
 */
export async function openEach(
  {
    lab,
    events,
    signal,
  }: Pick<MeasureOptions, 'events' | 'signal'> & {
    readonly lab: Pick<MeasureOptions['lab'], 'open'>;
  },
  topologies: readonly Topology[],
  { labelOf, prepare, lost }: OwnEnsembles,
): Promise<Stage[]> {
  const stages: Stage[] = [];
  for (const topology of topologies) {
    let stage: Stage | undefined;
    try {
      stage = await lab.open(topology, labelOf(topology));
      await prepare(stage);
      stages.push(stage);
    } catch (error) {
      signal.throwIfAborted();
      if (isDefect(error)) throw error;
      const what = stage === undefined ? 'the ensemble did not start' : 'the ensemble was not prepared';
      const reason = `${what}: ${(error as Error).message.split('\n')[0]}`;
      events.emit({ kind: 'note', text: `${topology.name}: ${reason}` });
      lost(topology, reason);
      await stage?.stop();
    }
  }
  return stages;
}
