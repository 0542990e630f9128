/** Mistakes in real servers, found by a schedule as any user runs it. `each-plant.ts` has more of them. */
import { assert, requirePeer, suite, temporaryFolder } from '#test';
import { FALSE_LOSSES } from '../../results/names.ts';
import type { Result } from '../../results/schema.ts';
import { CLIENT_KINDS } from '../real-clients/client-kinds.ts';
import { invalidOf, plantedChaos, shortestSchedule } from './planted-chaos.ts';

const test = suite('zklab chaos: planted servers');

/** On a busy machine few reads fall into the 150 ms in which a follower is behind. */
const RUNS_MAX = 4;

/** Until a read was stale to others as well, which takes two clients on one register at the right moment. */
async function untilStaleRead(): Promise<Result> {
  const schedule = shortestSchedule('{ name: sync-reads, clients: 6, registers: 2 }');
  for (let run = 1; ; run++) {
    const result = await plantedChaos({
      plants: ['sync asks nobody', 'any password opens a session'],
      schedule,
      folder: temporaryFolder(),
    });
    if (run === RUNS_MAX || invalidOf(result).includes('linearizability')) return result;
  }
}

test(
  'a sync that asks nobody and a session for any password are found, and nothing else is',
  async () => {
    const result = await untilStaleRead();
    const found = invalidOf(result);
    assert.equal(
      found.sort(),
      ['linearizability', 'protocol', 'sync freshness'],
      JSON.stringify(result.judgements),
    );
    const reasons = (result.judgements ?? []).flatMap(judgement => judgement.reasons).join('\n');
    assert.match(reasons, /was given to a wrong password/);
    assert.match(reasons, /sync \d+ was answered as of zxid/);
    const drawn = (result.judgements ?? []).find(
      ({ checker }) => checker === 'linearizability',
    )?.counterexample;
    const culprits = drawn?.operations.filter(({ isCulprit }) => isCulprit) ?? [];
    assert.is(culprits.length, 1);
    assert.match(culprits[0]!.text, /^getData -> "p\d+-/);
  },
  { deadlineMs: 400_000 },
);

test(
  'a server that gives a lock to two clients is found',
  async () => {
    const result = await plantedChaos({
      plants: ['a number is given twice'],
      schedule: shortestSchedule('{ name: locks }'),
      folder: temporaryFolder(),
    });
    assert.equal(invalidOf(result).sort(), ['mutual exclusion', 'sequence numbers']);
    const { reasons = [] } = result.judgements?.find(({ checker }) => checker === 'mutual exclusion') ?? {};
    assert.match(
      reasons.join('\n'),
      /wrote at zxid \d+ for \S+, but operation \d+ .* which has the same number/,
    );
  },
  { deadlineMs: 400_000 },
);

test(
  'a server that lets sessions expire early is found through the clients of applications',
  async () => {
    const kazoo = CLIENT_KINDS.find(({ name }) => name === 'kazoo');
    requirePeer('kazoo', kazoo?.missing() === undefined, 'its sessions are lost');
    const result = await plantedChaos({
      plants: ['sessions expire early'],
      schedule: shortestSchedule('{ name: real-clients, clients: 2, client: kazoo, thinkMs: [1200, 1500] }'),
      folder: temporaryFolder(),
    });
    const { reasons = [], notes = [] } =
      result.judgements?.find(({ checker }) => checker === 'real clients') ?? {};
    assert.match(reasons.join('\n'), /kazoo \d was told at \d+ ms that its session [0-9a-f]+ is lost/);
    assert.match(notes.join('\n'), /[1-9]\d* sessions lost, [1-9]\d* of them falsely/);
    const losses = result.measurements.filter(({ metric }) => metric === FALSE_LOSSES);
    assert.ok(
      losses.some(({ samples }) => samples.some(({ value }) => value > 0)),
      'measured as well',
    );
  },
  { deadlineMs: 400_000 },
);
