/** What a comparison needs of a run. Timelines and histograms of many nights would fill the memory. */
import type { Measurement, Result } from '../../results/schema.ts';

export type ComparedRun = Pick<
  Result,
  | 'run'
  | 'environment'
  | 'machineUse'
  | 'inputs'
  | 'topologies'
  | 'claims'
  | 'judgements'
  | 'measurements'
  | 'validity'
>;

export function comparedRun(result: Result): ComparedRun {
  const { run, environment, machineUse, inputs, topologies, claims, judgements, measurements, validity } =
    result;
  return {
    ...{ run, environment, machineUse, inputs, topologies, claims, judgements, validity },
    measurements: measurements.map(({ histogram: _, ...rest }) => rest),
  };
}

/** What is matched between runs. */
export type Cell = Pick<Measurement, 'metric' | 'topology' | 'condition'>;

export function cellKey({ metric, topology, condition }: Cell): string {
  return JSON.stringify([metric, topology, condition]);
}
