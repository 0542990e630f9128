/** Of two voters, none can replace the other: what is measured of such an ensemble, and what is not. */
import { assert, suite } from '#test';
import type { Turn } from '../../bench/rounds/interleaving.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import { CONDITIONS } from '../../results/names.ts';
import { outages } from './outages.ts';
import { canReplaceLeader } from './stage.ts';
import { syncs } from './syncs.ts';

const test = suite('chaos/experiments: two voters');

test('two voters cannot replace a leader, however many observers there are', () => {
  const texts = ['voters=1 observers=2', 'voters=2 observers=3', 'voters=3', 'voters=5 observers=2'];
  assert.equal(
    texts.map(text => canReplaceLeader(readTopology(text))),
    [false, false, true, true],
  );
});

/** The topologies and conditions that an experiment would measure. */
async function measuredBy(experiment: typeof syncs | typeof outages): Promise<string[]> {
  const measured: string[] = [];
  const stages = ['voters=2 observers=1', 'voters=3 observers=1'].map(text => ({
    ...{ name: text, topology: readTopology(text), hasLinks: true },
  }));
  const options = {
    suite: { sync: { rounds: 1, everyMs: 1 }, availability: { rounds: 1 }, roundsMin: 1 },
    lab: { stages },
    needs: new Set(['leaderKilled', 'leaderCut', 'quorumLost']),
    cells: {
      measure: async ({ stage, condition }: { stage: { name: string }; condition: string }) =>
        measured.push(`${stage.name}: ${condition}`),
    },
    plan: {
      rounds: async (_name: string, _wanted: object, turns: readonly Turn[]) => {
        for (const { measure } of turns) await measure(0);
      },
    },
  };
  await experiment.run(options as never);
  return measured;
}

test('planted: the leader of two voters is not killed for a sync, nor cut off to be replaced', async () => {
  assert.equal(await measuredBy(syncs), [`voters=3 observers=1: ${CONDITIONS.leaderKilled}`]);
  assert.equal(await measuredBy(outages), [
    `voters=2 observers=1: ${CONDITIONS.quorumLost}`,
    `voters=3 observers=1: ${CONDITIONS.leaderCut}`,
    `voters=3 observers=1: ${CONDITIONS.quorumLost}`,
  ]);
});

test('syncs that are not measured take no time in the estimate', () => {
  const ms = (...texts: readonly string[]) =>
    syncs.expectedMs!(
      { sync: { rounds: 2 } } as never,
      { topologies: texts.map(text => readTopology(text)) } as never,
    );
  assert.is(ms('voters=2', 'voters=3'), ms('voters=3'));
});
