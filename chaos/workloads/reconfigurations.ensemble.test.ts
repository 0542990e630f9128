/**
 * The workload that changes the members, on real servers, while their leader dies: nothing is wrong, every
 * checker has something to compare, and in the end the ensemble is what it was.
 */
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { plantedChaos, RECONFIGURABLE, shortestSchedule } from '../testing/planted-chaos.ts';
import { reconfigurations } from './reconfigurations.ts';
import { HISTORY_FILE, readHistory } from './records/history-file.ts';

const test = suite('workloads: reconfigurations of real servers');

test(
  'members leave, return and change roles while the leader dies, and all that clients see of it is right',
  async () => {
    const folder = temporaryFolder();
    const schedule = shortestSchedule('{ name: reconfigurations }', RECONFIGURABLE);
    const { run, judgements = [], validity } = await plantedChaos({ plants: [], schedule, folder });
    const told = JSON.stringify(judgements.filter(({ valid }) => valid !== 'valid'));
    assert.equal([run.exitCode, validity.void], [0, false], told);
    // That includes the end: the same members in the same roles.
    for (const name of [...reconfigurations.judgedBy, 'liveness after heal'])
      assert.ok(
        judgements.some(({ checker, checked }) => checker === name && checked > 0),
        `${name}: ${told}`,
      );
    const history = await readHistory(join(folder, run.id, HISTORY_FILE));
    const made = history.filter(({ f, type }) => f === 'reconfig' && type === 'ok');
    assert.ok(new Set(made.map(({ value }) => value?.replace(/version=.*/, ''))).size > 1, 'other members');
  },
  { deadlineMs: 300_000 },
);
