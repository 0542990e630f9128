import { assert, suite } from '#test';
import { readTopology } from '../../bench/topology/read-topology.ts';
import { CONDITIONS } from '../../results/names.ts';
import { CELLS_IN_ORDER } from './clients.ts';

const test = suite('chaos/experiments: clients');

test('001-2: both ensembles of the pair are written to before one of them, which alone has reads, is warmer', () => {
  const options = {
    needs: new Set(['readsEverywhere', 'readsBesideWrites', 'unusedMasters']),
    suite: { clients: { sessions: { few: 4, many: 50 } } },
  };
  const cellsOf = (topology: string) =>
    CELLS_IN_ORDER.map(cells =>
      cells(options as never, { stage: { topology: readTopology(topology) } } as never, 0).map(
        ([name]) => name,
      ),
    );
  const { healthy, readsFewSessions, readsManySessions, readsBeside } = CONDITIONS;
  assert.equal(cellsOf('voters=3'), [[healthy], [readsFewSessions, readsManySessions], []]);
  assert.equal(cellsOf('voters=3 masters=ready'), [[healthy], [], []]);
  assert.equal(cellsOf('voters=3 observers=2'), [
    [],
    [readsFewSessions, readsManySessions],
    [healthy, readsBeside],
  ]);
});
