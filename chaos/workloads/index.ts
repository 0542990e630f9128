/** The registry of workloads. */
import { bank } from './bank.ts';
import { elections } from './elections.ts';
import { ephemerals } from './ephemerals.ts';
import { lists } from './lists.ts';
import { locks } from './locks.ts';
import { mixed } from './mixed.ts';
import { readers } from './readers.ts';
import { realClients } from './real-clients.ts';
import { reconfigurations } from './reconfigurations.ts';
import { registers } from './registers.ts';
import { sequences } from './sequences.ts';
import { sets } from './sets.ts';
import { syncReads } from './sync-reads.ts';
import { timeouts } from './timeouts.ts';
import { watches } from './watches.ts';
import type { Workload } from './workload.ts';

export const WORKLOADS: readonly Workload[] = [
  registers,
  mixed,
  syncReads,
  sets,
  lists,
  sequences,
  bank,
  locks,
  elections,
  ephemerals,
  timeouts,
  watches,
  readers,
  reconfigurations,
  realClients,
];
