import { execFileSync } from 'node:child_process';
import { assert, suite } from '#test';
import { shellWord } from './shell-word.ts';

const test = suite('bench: words of a shell');

test('a shell reads back what was meant, and plain words stay plain', () => {
  const words = [
    'a b',
    "it's",
    '$HOME',
    '`id`',
    'a"b',
    'back\\slash',
    'x*',
    '',
    'voters=3 observers=2',
    "$'",
  ];
  const line = words.map(shellWord).join(' ');
  const read = execFileSync('sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' });
  assert.equal(read, words.map(word => `${word}\n`).join(''));
  assert.is(shellWord('results/runs/sim/seed-8.plan.json'), 'results/runs/sim/seed-8.plan.json');
  assert.is(shellWord('my runs/a.yaml'), '"my runs/a.yaml"');
});
