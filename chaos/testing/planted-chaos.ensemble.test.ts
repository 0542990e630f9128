/** Mistakes in real servers, found by a schedule as any user runs it. `each-plant.ts` has more of them. */
import { assert, suite, temporaryFolder } from '#test';
import { invalidOf, plantedChaos, shortestSchedule } from './planted-chaos.ts';

const test = suite('zklab chaos: planted servers');

test(
  'a sync that asks nobody and a session for any password are found, and nothing else is',
  async () => {
    const result = await plantedChaos({
      plants: ['sync asks nobody', 'any password opens a session'],
      schedule: shortestSchedule('{ name: sync-reads, clients: 6 }'),
      folder: temporaryFolder(),
    });
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
