/** Runs a schedule on real servers with planted mistakes, in this process, and returns what was judged. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVER_VARIABLE } from '../../bench/hosts/server-program.ts';
import type { Result } from '../../results/schema.ts';
import { loadRun } from '../../results/store.ts';
import { chaos } from '../campaigns/chaos-command.ts';
import type { Plant } from '../simulation/planted.ts';

/** Must be the name in `plant-server.ts`, which is not to be loaded here. */
const PLANTS_VARIABLE = 'ZKLAB_CHAOS_PLANTS';
const PLANT_FILE = join(import.meta.dirname, 'plant-server.js');
const SEPARATE_FILES = join(import.meta.dirname, '../../server/main.js');
const QUIET = { print() {}, progress() {}, json() {}, error() {}, end() {} };

export interface PlantedChaos {
  readonly plants: readonly Plant[];
  /** YAML. */
  readonly schedule: string;
  /** For the schedule and the run. */
  readonly folder: string;
}

export async function plantedChaos({ plants, schedule, folder }: PlantedChaos): Promise<Result> {
  const file = join(folder, 'planted.yaml');
  writeFileSync(file, schedule);
  const { NODE_OPTIONS } = process.env;
  process.env.NODE_OPTIONS = `--import ${PLANT_FILE}`;
  process.env[PLANTS_VARIABLE] = plants.join(';');
  process.env[SERVER_VARIABLE] = SEPARATE_FILES;
  const views = { report: async () => '<!doctype html>', table: () => '' };
  try {
    await chaos(QUIET, views, file, { seed: 7, signal: new AbortController().signal, runsRoot: folder });
  } finally {
    if (NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = NODE_OPTIONS;
    delete process.env[PLANTS_VARIABLE];
    delete process.env[SERVER_VARIABLE];
  }
  return loadRun('latest', folder);
}

/** What the workload `reconfigurations` needs. */
export const RECONFIGURABLE =
  '{ voters: 3, observers: 1, settings: { reconfigEnabled: true, skipACL: yes } }';

/** Seconds in which each of the mistakes shows: what the leader says comes late, and then it dies. */
export function shortestSchedule(workload: string, topology = 'voters=3 observers=1'): string {
  return `
description: the leader is heard late, and dies
topology: ${topology}
workload: ${workload}
steps:
  - { fault: latency, select: { from: { role: leader }, to: { role: follower } }, latencyMs: 150, atMs: 300, forMs: 3500 }
  - { fault: kill, target: { role: leader }, atMs: 2500, forMs: 1500 }
`;
}

/** The names of checkers that found something. */
export function invalidOf({ judgements = [] }: Result): string[] {
  return judgements.filter(({ valid }) => valid === 'invalid').map(({ checker }) => checker);
}
