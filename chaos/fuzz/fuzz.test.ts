import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { serverProgram } from '../simulation/server-program.ts';
import { type BoutResult, runBout } from './bout.ts';
import { drawConversation, PORT_KINDS } from './conversation.ts';
import { fuzz } from './fuzz.ts';
import { KeptFailureError, keepFailure, readFailure } from './kept-failure.ts';
import { buffer, byte, encode, encodeFrame, int, long, text } from './message.ts';
import { mutated } from './mutate.ts';
import { PLANTS, type Plant, plantedProgram, withForgetfulLog } from './planted.ts';
import { shortened } from './shorten.ts';

const test = suite('fuzz');

const DEADLINE = { deadlineMs: 300_000 };
const SEEDS_MAX = 30;
const FACTS = { sids: [1, 2, 3], epoch: 2, zxid: 2 * 2 ** 32 + 7 };

test('a message is its fields one after the other, and a length may lie', () => {
  const message = [byte(1), int(-2), long(3), text('ab'), buffer(null), { ...text('c'), says: 9 }];
  assert.is(encode(message).toString('hex'), '01fffffffe0000000000000003000000026162ffffffff0000000963');
  assert.is(encodeFrame([byte(7)]).toString('hex'), '0000000107');
  assert.is(encodeFrame([byte(7)], -1).toString('hex'), 'ffffffff07');
});

test('every mutation of every message can be sent', () => {
  const random = new SeededRandom('mutations');
  for (let at = 0; at < 5_000; at++)
    encode(mutated([int(1), text('/a'), long(2), buffer(null), byte(0)], random));
});

test('conversations of one seed are the same', () => {
  const draw = () => {
    const random = new SeededRandom('conversations');
    return Array.from({ length: 200 }, () => drawConversation(FACTS, PORT_KINDS, random));
  };
  assert.equal(draw(), draw());
  assert.equal(new Set(draw().map(({ port }) => port)), new Set(PORT_KINDS));
});

test('a bout of one seed goes the same way twice', () => {
  const [one, two] = [0, 1].map(() => runBout(3, { program: serverProgram(), ports: ['client'] }));
  assert.is(one!.trace.hash(), two!.trace.hash());
});

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
  'an input keeps everybody waiting': /waited \d+ turns for a read, at most 20 accepted/,
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
  'found when planted: what was acknowledged is not in the log',
  () => {
    firstSeenAs(/an acknowledged write was lost/, seed =>
      withForgetfulLog(() => runBout(seed, { program: serverProgram(), ports: ['client'] })),
    );
  },
  DEADLINE,
);

test(
  'a failure is cut down to the conversation that it needs, kept, and fails again when it is replayed',
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

test('a file that is no kept failure is refused by name', () => {
  const path = join(temporaryFolder(), 'x.fuzz.json');
  for (const [content, problem] of [
    ['{', /JSON/],
    ['{}', /seed/],
    ['{"seed":1,"complaints":[],"rounds":[[{"port":"smtp"}]]}', /rounds\.0\.0\.port/],
  ] as const) {
    writeFileSync(path, content);
    assert.throws(
      () => readFailure(path),
      (error: unknown) => error instanceof KeptFailureError && problem.test(error.message),
    );
  }
});
