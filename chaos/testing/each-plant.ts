/**
 * `node dist/chaos/testing/each-plant.js [PLANT ...]`: plants one mistake after the other into real
 * servers, and prints which checkers found it. Not part of `npm test`: each plant takes half a minute.
 */
import { makeTemporaryFolder } from '../../bench/hosts/temporary-folder.ts';
import type { Plant } from '../simulation/planted.ts';
import { invalidOf, plantedChaos, RECONFIGURABLE, shortestSchedule } from './planted-chaos.ts';

const SYNC_READS = '{ name: sync-reads, clients: 6 }';
const MIXED = '{ name: mixed, wildShare: 0.5, registers: 6, clients: 6 }';
/** With the workload under which each shows. */
const WORKLOADS: Partial<Record<Plant, string>> = {
  'sync asks nobody': SYNC_READS,
  'any password opens a session': SYNC_READS,
  'a minority decides': SYNC_READS,
  'watches are dropped': MIXED,
  'a learner applies out of order': MIXED,
  'a number is given twice': '{ name: locks }',
  'a configuration is shown that is no more': '{ name: reconfigurations }',
};

const TOPOLOGIES: Partial<Record<Plant, string>> = {
  'a configuration is shown that is no more': RECONFIGURABLE,
};

const asked = process.argv.slice(2) as Plant[];
let missed = 0;
for (const plant of asked.length > 0 ? asked : (Object.keys(WORKLOADS) as Plant[])) {
  const folder = makeTemporaryFolder('plant');
  try {
    const schedule = shortestSchedule(WORKLOADS[plant] ?? MIXED, TOPOLOGIES[plant]);
    const result = await plantedChaos({ plants: [plant], schedule, folder: folder.path });
    const found = invalidOf(result);
    const [first] = (result.judgements ?? []).filter(({ valid }) => valid === 'invalid');
    if (found.length === 0) missed++;
    console.log(
      `${plant}: ${found.length === 0 ? 'not found' : found.join(', ')}; ${first?.reasons[0] ?? result.validity.reasons.join()}`,
    );
  } catch (error) {
    console.log(`${plant}: ${(error as Error).message}`);
  } finally {
    folder.remove();
  }
}
process.exitCode = missed > 0 ? 1 : 0;
