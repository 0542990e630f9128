import type { Result } from '../../results/schema.ts';

const TOPOLOGY_COLOURS = 6;
const SYMBOLS = ['circle', 'diamond2', 'triangle', 'square', 'star', 'wye'] as const;

/** CSS variables, so that a chart follows the colour scheme without being redrawn. */
export function topologyScale(result: Result): { domain: string[]; range: string[]; symbols: string[] } {
  const domain = result.topologies.map(topology => topology.name);
  return {
    domain,
    range: domain.map((_, index) => `var(--topology-${index % TOPOLOGY_COLOURS})`),
    // Beyond the last colour, the first one returns with another symbol.
    symbols: domain.map(
      (_, index) => SYMBOLS[(index + Math.floor(index / TOPOLOGY_COLOURS)) % SYMBOLS.length]!,
    ),
  };
}

export const BAND_FILL = 'var(--band)';
export const GRID = 'var(--grid)';
