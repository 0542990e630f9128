/**
 * Entry point of a neighbour's process. It is separate so that its work does not show in the latencies that
 * the driver measures.
 */
import { endWithParent } from '../hosts/end-with-parent.ts';
import type { FromNeighbour, ToNeighbour } from './neighbour-process.ts';
import { NEIGHBOURS, type Stop } from './neighbours.ts';

const NOBODY: Stop = () => 0;
let stop = NOBODY;

function say(message: FromNeighbour): void {
  if (process.connected) process.send?.(message);
}

process.on('message', (message: ToNeighbour) => {
  const did = stop();
  stop = message.kind === 'start' ? NEIGHBOURS[message.neighbour].start(message.target) : NOBODY;
  say({ kind: message.kind === 'start' ? 'started' : 'stopped', did });
});
endWithParent();
process.on('SIGINT', () => {});
say({ kind: 'ready', did: 0 });
