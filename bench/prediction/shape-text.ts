/** Reads the shape of an ensemble that need not fit into this machine, or into a byte of sids. */
import { readTopology } from '../topology/read-topology.ts';
import type { Topology } from '../topology/topology.ts';
import { UsageError } from '../usage-error.ts';
import type { Shape } from './expected-work.ts';

const VOTERS_MAX = 255;
const OBSERVERS_MAX = 100_000;

/**
 * @param text a short form of any size, or whatever `readTopology` accepts
 * @throws UsageError
 */
export function readShape(text: string): Shape {
  const words = /^\s*voters=(\d+)(?:[\s,]+observers=(\d+))?(?:[\s,]+masters=(on|off))?\s*$/.exec(text);
  if (words === null) return shapeFrom(readTopology(text));
  const [voters, observers, masters] = [Number(words[1]), Number(words[2] ?? 0), words[3] === 'on'];
  if (voters < 1 || voters > VOTERS_MAX)
    throw new UsageError(`topology "${text}": voters=${voters}; accepted are 1 to ${VOTERS_MAX}`);
  if (observers > OBSERVERS_MAX)
    throw new UsageError(`topology "${text}": observers=${observers}; accepted are 0 to ${OBSERVERS_MAX}`);
  if (masters && observers === 0)
    throw new UsageError(`topology "${text}": masters=on needs at least one observer`);
  return { voters, observers, masters };
}

function shapeFrom({ members, observerMasters, shortForm }: Topology): Shape {
  const other = members.find(({ implementation }) => implementation !== 'zklab');
  if (other !== undefined)
    throw new UsageError(
      `topology ${shortForm}: the costs are those of zklab's server, so a topology of it alone is accepted`,
    );
  const voters = members.filter(({ role }) => role === 'participant').length;
  return { voters, observers: members.length - voters, masters: observerMasters };
}
