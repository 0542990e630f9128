import { assert, suite } from '#test';
import { minimalResult } from '../../results/fixtures/minimal.ts';
import { limitsOf } from './matrix-result.ts';
import { parseMatrix, withStarts } from './matrix-suite.ts';

const test = suite('bench/matrix: a result');

const TEXT = `
description: a test
matrix:
  topologies: { voters3: voters=3 }
  workloads: { writes: { operations: { setData: 1 } }, reads: { operations: { getData: 1 } } }
rounds: 9
`;

function limits(starts: number): string {
  const { environment, machineUse } = minimalResult();
  const read = withStarts(parseMatrix(TEXT, 'test', 'test.yaml'), starts);
  return limitsOf(read, environment, machineUse as never).join('\n');
}

test('planted: the limits of a run with few starts say that nothing is called better or worse, and why', () => {
  assert.match(
    limits(1),
    /^With 1 start nothing is called better or worse: at least 5 are needed\. All rounds are of/m,
  );
  assert.match(limits(1), /what differs between starts \(who leads, how warm it is\) is in no interval/);
  assert.match(limits(4), /^With 4 starts nothing is called better or worse: at least 5 are needed\.$/m);
  assert.not.match(limits(5), /nothing is called|no interval/);
});
