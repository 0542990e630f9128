/**
 * Real servers with a planted mistake, measured and judged as any other: the claims must say "fails". Without
 * a plant they do not, in claims.ensemble.test.ts. The runs are as short as can be: `testing/plant.ts` is for
 * the suites of the project.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, bundled, suite, temporaryFolder } from '#test';
import { CLAIMS } from '../../bench/claims/index.ts';
import { rejudge } from '../../bench/claims/judging/judge-all.ts';
import { SERVER_VARIABLE } from '../../bench/hosts/server-program.ts';
import { loadRun } from '../../results/store.ts';
import { claims } from './claims-command.ts';
import { PLANT_VARIABLE, type Plant, SPIN_VARIABLE } from './testing/planted-server.ts';

const test = suite('chaos/experiments: planted servers');
const TINY = join(import.meta.dirname, '../../../chaos/experiments/testing/tiny.yaml');
const SERVER = join(import.meta.dirname, 'testing/planted-main.js');

const QUIET = { print() {}, progress() {}, json() {}, error() {}, end() {} };

interface Judged {
  readonly exitCode: number;
  /** `fails: ...`, by id. */
  readonly verdicts: ReadonlyMap<string, string>;
}

const RUNS_MAX = 4;
/**
 * A tenth shows on a quiet machine: `testing/plant.ts`. On a busy one a leader that spins writes in larger
 * batches, which takes back a part of what it burns.
 */
const SPIN_SHARE = 5;

/** Of the first run in which this claim is not void: the machine is busy with other tests. */
async function decided(claim: string, plant: Plant, suiteFile: string): Promise<Judged> {
  for (let run = 1; ; run++) {
    const found = await judged(claim, plant, suiteFile);
    if (!found.verdicts.get(claim)?.startsWith('void') || run === RUNS_MAX) return found;
  }
}

let program: Promise<string> | undefined;

/** What a run about these claims says of servers with the plant. */
async function judged(only: string, plant: Plant, suiteFile: string): Promise<Judged> {
  const runsRoot = temporaryFolder();
  process.env[PLANT_VARIABLE] = plant;
  process.env[SPIN_VARIABLE] = String(SPIN_SHARE);
  program ??= bundled(SERVER);
  process.env[SERVER_VARIABLE] = await program;
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
    delete process.env[PLANT_VARIABLE];
    delete process.env[SPIN_VARIABLE];
    delete process.env[SERVER_VARIABLE];
  }
  const result = await loadRun('latest', runsRoot);
  // Other tests keep the machine busy, which voids every time. A stop is one all the same.
  const { machineUse: _, ...quiet } = result;
  const { claims: found } = rejudge(CLAIMS, quiet);
  const verdicts = new Map(found.map(({ id, verdict, reason }) => [id, `${verdict}: ${reason}`]));
  return { exitCode, verdicts };
}

const VOTERS = '  voters: voters=3';
const MASTERS = '  masters: voters=3 observers=1 masters=on';

/** The tiny suite with these topologies instead of its own, and lines in place of others. */
function tinyWith(topologies: string, edits: Readonly<Record<string, string>> = {}): string {
  const file = join(temporaryFolder(), 'tiny.yaml');
  const text = readFileSync(TINY, 'utf8').replace(
    /^topologies:\n(?: {2}.*\n)+/m,
    `topologies:\n${topologies}\n`,
  );
  writeFileSync(
    file,
    Object.entries(edits).reduce((all, [line, other]) => edited(all, line, other), text),
  );
  return file;
}

function edited(text: string, lines: string, others: string): string {
  assert.ok(text.includes(lines), `${lines} is in the tiny suite`);
  return text.replace(lines, others);
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
const LATE_SYNC_LIMIT = { '  syncLimit: 10': '  syncLimit: 100' };

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

/** As the suites of the project have it: without it an observer that hears nothing gives no session. */
const LOCAL_SESSIONS = {
  '  preAllocSize: 1024': '  preAllocSize: 1024\n  localSessionsEnabled: true',
};

test(
  'planted: masters forward nothing, and L7 fails',
  async () => {
    const { exitCode, verdicts } = await decided(
      'L7',
      'masters forward nothing',
      tinyWith(MASTERS, LOCAL_SESSIONS),
    );
    assert.match(
      verdicts.get('L7') ?? 'not judged',
      /^fails: In masters, \d+ times a member was still behind the leader/,
    );
    assert.is(exitCode, 1);
  },
  { deadlineMs: 300_000 },
);

/** Without a budget, because other tests leave no time in which to prove one. */
const OBSERVED = {
  ...LATE_SYNC_LIMIT,
  '  budget: 0.2\n': '',
  '    voters3: voters=3\n    observers2: voters=1 observers=2': '    observers1: voters=3 observers=1',
  '  windowMs: 500': '  windowMs: 1000',
};

test(
  'planted: a leader that waits for its observers stops while they are cut off, and 004-5 fails after one round',
  async () => {
    const { verdicts } = await decided('004-5', 'leader waits for observers', tinyWith(VOTERS, OBSERVED));
    assert.match(
      verdicts.get('004-5') ?? 'not judged',
      /^fails: In round 1, write throughput of observers1, observers blackholed was 0 .* A single stop/,
    );
  },
  { deadlineMs: 300_000 },
);

/** An ensemble that is ready for observers of masters, and one that is not. */
const READY_PAIR = {
  'recoverMaxMs: 30000': `recoverMaxMs: 30000
clients:
  starts: 1
  budget: 0.2
  topologies:
    plain: voters=3
    ready: voters=3 masters=ready
  sessions: { few: 2, many: 4 }
  depth: 8
  warmupMs: 300
  settleMs: 100
  windowMs: 300
  staleness: { writesPerSecond: 100, samples: 1 }
  steady: { windows: 6, ratePerTarget: 300, windowMs: 500 }`,
};

test(
  'planted: a leader that is ready for observers and spins, and L18 fails',
  async () => {
    const { verdicts } = await decided('L18', 'a ready leader spins', tinyWith(VOTERS, READY_PAIR));
    assert.match(
      verdicts.get('L18') ?? 'not judged',
      /^fails: The leader of 3 voters with observerMasterPort used \d(\.\d+)?× the CPU/,
    );
  },
  { deadlineMs: 300_000 },
);
