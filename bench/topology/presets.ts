import type { TopologyInput } from './topology.ts';

/** The three topologies that the claims compare, with the names of the seed documents. */
export const PRESETS: Readonly<Record<string, TopologyInput>> = {
  voters: { name: 'voters', voters: 3 },
  observers: { name: 'observers', voters: 3, observers: 3 },
  masters: { name: 'masters', voters: 3, observers: 3, masters: true },
};
