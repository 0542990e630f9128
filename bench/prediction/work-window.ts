/**
 * A measured window: what an ensemble did under a paced load, and what it cost. As `result.json` keeps it.
 */
import type { WorkWindow } from '../../results/schema.ts';
import type { Shape, WriteLoad } from './expected-work.ts';

export function shapeOf({ voters, observers, masters }: WorkWindow): Shape {
  return { voters, observers, masters };
}

export function loadOf({ committedPerSecond, valueBytes, clients, sessions }: WorkWindow): WriteLoad {
  return { ratePerSecond: committedPerSecond, valueBytes, clients, sessions };
}
