/** A member crashes at any moment of a reconfiguration, whichever member it is. */
import { assert, suite } from '#test';
import { CLIENT_PORT, lineOf } from '../memory-ensemble.test-kit.ts';
import { SeededRandom } from '../runtime/seeded-random.ts';
import { type Crash, lengthOf, play, type Story } from './reconfiguration-story.test-kit.ts';

const test = suite('quorum: crashes during a reconfiguration');

const RUNS = Number(process.env.ZKLAB_RECONFIG_RUNS ?? 12);
const line = (sid: number, role?: 'participant' | 'observer') =>
  `server.${sid}=${lineOf(sid, role)};${CLIENT_PORT}`;
const lines = (...sids: number[]) => sids.map(sid => line(sid)).join('\n');

const STORIES: Readonly<Record<string, Story>> = {
  'a server joins': {
    plan: { voters: 3, joiners: 1 },
    voters: [1, 2, 3],
    joiners: [4],
    asked: () => ({ joining: line(4) }),
  },
  'an observer is promoted': {
    plan: { voters: 3, observers: 1 },
    voters: [1, 2, 3],
    joiners: [],
    asked: () => ({ joining: line(4) }),
  },
  'the leader is removed': {
    plan: { voters: 4 },
    voters: [1, 2, 3, 4],
    joiners: [],
    asked: leader => ({ leaving: String(leader) }),
  },
  'the leader is demoted': {
    plan: { voters: 4 },
    voters: [1, 2, 3, 4],
    joiners: [],
    asked: leader => ({ joining: line(leader, 'observer') }),
  },
  'most voters are replaced, the leader too': {
    plan: { voters: 3, joiners: 2 },
    voters: [1, 2, 3],
    joiners: [4, 5],
    asked: leader => ({ newMembers: lines(...[1, 2, 3].filter(sid => sid !== leader).slice(0, 1), 4, 5) }),
  },
  'all others are replaced': {
    plan: { voters: 3, joiners: 2 },
    voters: [1, 2, 3],
    joiners: [4, 5],
    asked: leader => ({ newMembers: lines(leader, 4, 5) }),
  },
};

for (const [name, story] of Object.entries(STORIES)) {
  test(`${name}: whoever crashes whenever, there is one configuration and one leader, and nothing is lost`, () => {
    const length = lengthOf(story);
    const random = new SeededRandom(name);
    const count = story.plan.voters + (story.plan.observers ?? 0) + (story.plan.joiners ?? 0);
    let changed = 0;
    for (let run = 0; run < RUNS; run++) {
      const crash: Crash = {
        sid: 1 + random.below(count),
        afterEvents: random.below(length + 20),
        how: random.below(2) === 0 ? 'kill' : 'power',
        backAfterMs: [0, 500, null][random.below(3)]!,
      };
      try {
        if (play(story, crash).changed) changed++;
      } catch (error) {
        throw new Error(`${name} ${JSON.stringify(crash)}: ${(error as Error).message}`, { cause: error });
      }
    }
    assert.ok(changed > 0, 'some of them come about');
  });
}
