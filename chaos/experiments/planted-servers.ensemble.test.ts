/**
 * Real servers with a planted mistake, measured and judged as any other: the claims must say "fails". Without
 * a plant they do not, in claims.ensemble.test.ts.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { CLAIMS } from '../../bench/claims/index.ts';
import { rejudge } from '../../bench/claims/judge-all.ts';
import { SERVER_VARIABLE } from '../../bench/hosts/server-program.ts';
import { loadRun } from '../../results/store.ts';
import { claims } from './claims-command.ts';
import { PLANT_VARIABLE, type Plant } from './testing/planted-server.ts';

const test = suite('chaos/experiments: planted servers');
const TINY = join(import.meta.dirname, '../../../chaos/experiments/testing/tiny.yaml');
const SEPARATE_FILES = join(import.meta.dirname, '../../server/main.js');
const PLANT_FILE = join(import.meta.dirname, 'testing/planted-server.js');

const QUIET = { print() {}, progress() {}, json() {}, error() {}, end() {} };

interface Judged {
  readonly exitCode: number;
  readonly unmeasured: string;
  /** `fails: ...`, by id. */
  readonly verdicts: ReadonlyMap<string, string>;
}

const RUNS_MAX = 4;

/** Of the first run in which this claim is not void: the machine is busy with other tests. */
async function decided(claim: string, plant: Plant, suiteFile: string): Promise<Judged> {
  for (let run = 1; ; run++) {
    const found = await judged(claim, plant, suiteFile);
    if (!found.verdicts.get(claim)?.startsWith('void') || run === RUNS_MAX) return found;
  }
}

/** What a run about these claims says of servers with the plant. */
async function judged(only: string, plant: Plant, suiteFile: string): Promise<Judged> {
  const runsRoot = temporaryFolder();
  const before = process.env.NODE_OPTIONS;
  process.env.NODE_OPTIONS = `--import ${PLANT_FILE}`;
  process.env[PLANT_VARIABLE] = plant;
  process.env[SERVER_VARIABLE] = SEPARATE_FILES;
  let exitCode: number;
  try {
    const { signal } = new AbortController();
    const views = { report: async () => '<!doctype html><title>planted</title>', table: () => '' };
    exitCode = await claims(QUIET, views, {
      suite: suiteFile,
      only,
      server: 'zklab',
      seed: 7,
      signal,
      runsRoot,
    });
  } finally {
    if (before === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = before;
    delete process.env[PLANT_VARIABLE];
    delete process.env[SERVER_VARIABLE];
  }
  const result = await loadRun('latest', runsRoot);
  const { validity } = result;
  // Other tests keep the machine busy, which voids every time. A stop is one all the same.
  const { machineUse: _, ...quiet } = result;
  const { claims: found } = rejudge(CLAIMS, quiet);
  const verdicts = new Map(found.map(({ id, verdict, reason }) => [id, `${verdict}: ${reason}`]));
  return { exitCode, unmeasured: (validity.unmeasured ?? []).join(), verdicts };
}

const VOTERS = '  voters: voters=3';
const MASTERS = '  masters: voters=3 observers=1 masters=on';

/** The tiny suite with these topologies instead of its own. */
function tinyWith(topologies: string, syncLimit = 10): string {
  const file = join(temporaryFolder(), 'tiny.yaml');
  const text = readFileSync(TINY, 'utf8')
    .replace(/^topologies:\n(?: {2}.*\n)+/m, `topologies:\n${topologies}\n`)
    .replace('syncLimit: 10\n', `syncLimit: ${syncLimit}\n`);
  writeFileSync(file, text);
  return file;
}

const PLANTED: readonly (readonly [plant: Plant, topologies: string, reason: RegExp])[] = [
  [
    'informs twice',
    MASTERS,
    /^fails: .*an observer exchanged 2(\.\d+)? messages per write, and the protocol needs 1/,
  ],
  [
    'acks twice',
    VOTERS,
    /^fails: .*the leader received [34](\.\d+)? acks per write, and the protocol needs 2/,
  ],
];

for (const [plant, topologies, reason] of PLANTED)
  test(
    `planted: ${plant}, and L3 fails`,
    async () => {
      const { exitCode, verdicts } = await decided('L3', plant, tinyWith(topologies));
      assert.match(verdicts.get('L3') ?? 'not judged', reason);
      assert.is(exitCode, 1);
    },
    { deadlineMs: 300_000 },
  );

/**
 * The leader gives up members that are cut off so late (20 s) that the whole load falls into the time before.
 */
const LATE_SYNC_LIMIT = 100;

test(
  'planted: a follower that acks late decides alone when the other one is cut off, and 000-2 fails after one round',
  async () => {
    const { verdicts } = await decided('000-2', 'a follower acks late', tinyWith(VOTERS, LATE_SYNC_LIMIT));
    assert.match(
      verdicts.get('000-2') ?? 'not judged',
      /^fails: In round 1, write throughput of voters, one voter blackholed was 0 .* A single stop/,
    );
  },
  { deadlineMs: 300_000 },
);

test(
  'planted: masters forward nothing, so their observers give no session, and the run says what it could not measure',
  async () => {
    const { exitCode, unmeasured, verdicts } = await judged(
      'L3,L7',
      'masters forward nothing',
      tinyWith(MASTERS),
    );
    assert.is(exitCode, 3);
    assert.match(unmeasured, /writes of masters, healthy: 0 of 1 rounds were measured; .*no session/);
    for (const [id, said] of verdicts) assert.not.match(said, /^holds/, id);
  },
  { deadlineMs: 300_000 },
);
