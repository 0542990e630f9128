/**
 * Planted bugs that the fuzzer must find. Not in the unit lane because of its length. It starts no process.
 */
import { existsSync } from 'node:fs';
import { assert, suite, temporaryFolder } from '#test';
import { serverProgram } from '../simulation/members/server-program.ts';
import { type BoutResult, runBout } from './bout.ts';
import { fuzz } from './fuzz.ts';
import { keepFailure, readFailure } from './kept-failure.ts';
import { PLANTS, type Plant, plantedProgram, withForgetfulLog } from './planted.ts';
import { shortened } from './shorten.ts';

const test = suite('fuzz: planted mistakes');

const DEADLINE = { deadlineMs: 300_000 };
const SEEDS_MAX = 30;

function firstSeenAs(complaint: RegExp, play: (seed: number) => BoutResult): BoutResult {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const bout = play(seed);
    if (bout.complaints.some(text => complaint.test(text))) return bout;
  }
  return assert.unreachable(`not found in ${SEEDS_MAX} seeds: ${complaint}`) as never;
}

const SEEN_AS: Readonly<Record<Plant, RegExp>> = {
  'an exception ends the member': /threw: Error: planted/,
  'a stranger ends all connections': /quiet client of member \d: its connection was closed/,
  'bytes from the wire reach the log as they came': /logged a line of/,
  'an input keeps everybody waiting': /waited \d+ turns for a read; at most 20 are accepted/,
};

for (const plant of Object.keys(PLANTS) as Plant[]) {
  test(
    `found when planted: ${plant}`,
    () => {
      const options = { program: plantedProgram(plant), ports: ['client'] } as const;
      firstSeenAs(SEEN_AS[plant], seed => runBout(seed, options));
    },
    DEADLINE,
  );
}

test(
  'found when planted: an acknowledged write is not in the log',
  () => {
    firstSeenAs(/an acknowledged write was lost|had on disk: no quorum/, seed =>
      withForgetfulLog(() => runBout(seed, { program: serverProgram(), ports: ['client'] })),
    );
  },
  DEADLINE,
);

test(
  'a failure is shortened to the conversation that it needs, kept, and fails again when it is replayed',
  async () => {
    const folder = temporaryFolder();
    const options = { program: plantedProgram('an exception ends the member'), ports: ['client'] } as const;
    const bout = firstSeenAs(/planted/, seed => runBout(seed, options));
    const short = shortened(bout, options);
    assert.is(short.rounds.flat().length, 1);
    assert.ok(short.frames < bout.frames);
    const { seed, rounds } = readFailure(keepFailure(folder, short));
    assert.equal(rounds, short.rounds);
    assert.match(runBout(seed, { ...options, rounds }).complaints[0]!, /planted/);
    assert.equal(runBout(seed, { program: serverProgram(), ports: ['client'], rounds }).complaints, []);
    const summary = await fuzz({ ...options, frames: 1, first: bout.seed, folder });
    assert.is(summary.failed.length, 1);
    assert.ok(existsSync(summary.failed[0]!.file));
  },
  DEADLINE,
);
