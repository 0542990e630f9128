/** Real servers with a planted mistake, measured and judged as any other: the claims must say "fails". */
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
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

/** What a run about these claims says of servers with the plant. */
async function judged(only: string, plant: Plant | undefined): Promise<Judged> {
  const runsRoot = temporaryFolder();
  const before = process.env.NODE_OPTIONS;
  if (plant !== undefined) {
    process.env.NODE_OPTIONS = `--import ${PLANT_FILE}`;
    process.env[PLANT_VARIABLE] = plant;
    process.env[SERVER_VARIABLE] = SEPARATE_FILES;
  }
  let exitCode: number;
  try {
    const { signal } = new AbortController();
    const views = { report: async () => '<!doctype html><title>planted</title>', table: () => '' };
    exitCode = await claims(QUIET, views, { suite: TINY, only, server: 'zklab', seed: 7, signal, runsRoot });
  } finally {
    if (before === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = before;
    delete process.env[PLANT_VARIABLE];
    delete process.env[SERVER_VARIABLE];
  }
  const { claims: found, validity } = await loadRun('latest', runsRoot);
  const verdicts = new Map(found.map(({ id, verdict, reason }) => [id, `${verdict}: ${reason}`]));
  return { exitCode, unmeasured: (validity.unmeasured ?? []).join(), verdicts };
}

const PLANTED: readonly (readonly [plant: Plant, claim: string, reason: RegExp])[] = [
  [
    'informs twice',
    'L3',
    /^fails: .*an observer exchanged 2(\.\d+)? messages per write, and the protocol needs 1/,
  ],
  ['acks twice', 'L3', /^fails: .*the leader received [34](\.\d+)? acks per write, and the protocol needs 2/],
];

for (const [plant, claim, reason] of PLANTED)
  test(
    `planted: ${plant}, and ${claim} fails`,
    async () => {
      const { exitCode, verdicts } = await judged(claim, plant);
      assert.match(verdicts.get(claim) ?? 'not judged', reason);
      assert.is(exitCode, 1);
    },
    { deadlineMs: 300_000 },
  );

test(
  'planted: masters forward nothing, so their observers give no session, and the run says what it could not measure',
  async () => {
    const { exitCode, unmeasured, verdicts } = await judged('L3,L7', 'masters forward nothing');
    assert.is(exitCode, 3);
    assert.match(unmeasured, /writes of masters, healthy: 0 of 1 rounds were measured; .*no session/);
    for (const [id, said] of verdicts) assert.not.match(said, /^holds/, id);
  },
  { deadlineMs: 300_000 },
);

test(
  'without a plant the same claims do not fail',
  async () => {
    const { verdicts } = await judged('L3,L7', undefined);
    assert.is(verdicts.size, 2);
    for (const [id, said] of verdicts) assert.not.match(said, /^fails/, id);
  },
  { deadlineMs: 300_000 },
);
