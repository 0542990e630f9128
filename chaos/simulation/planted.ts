/**
 * Bugs planted in the server while `body` runs. A simulator that does not find them finds nothing. For disks
 * that lie about their syncs, see `lying-disk.ts`.
 */
import { ADDRESS_PLANTS } from './plants/addresses.ts';
import { BROADCAST_PLANTS } from './plants/broadcast.ts';
import { CLIENT_PLANTS } from './plants/clients.ts';
import { CONFIGURATION_PLANTS } from './plants/configurations.ts';
import { HISTORY_PLANTS } from './plants/history.ts';
import { OBSERVER_PROPOSAL_PLANTS } from './plants/observer-proposals.ts';
import { QUORUM_PLANTS } from './plants/quorums.ts';
import { READ_ONLY_PLANTS } from './plants/read-only.ts';

/** Each puts its mistake in, and returns what takes it out again. */
export const PLANTS = {
  ...QUORUM_PLANTS,
  ...BROADCAST_PLANTS,
  ...CONFIGURATION_PLANTS,
  ...OBSERVER_PROPOSAL_PLANTS,
  ...HISTORY_PLANTS,
  ...CLIENT_PLANTS,
  ...READ_ONLY_PLANTS,
  ...ADDRESS_PLANTS,
} as const;

export type Plant = keyof typeof PLANTS;

export function planted<T>(plant: Plant, body: () => T): T {
  const remove = PLANTS[plant]();
  try {
    return body();
  } finally {
    remove();
  }
}
