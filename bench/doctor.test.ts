import { assert, suite } from '#test';
import { type Check, examine, findingsText, MACHINE_CHECKS } from './doctor.ts';

const test = suite('doctor');

const check = (look: Check['look']): Check => ({
  name: 'thing',
  usedFor: 'work',
  howToGet: 'apt-get it',
  look,
});

test('only what is missing, partial or broken gets advice', async () => {
  const findings = [
    await examine(check(async () => '1.2')),
    await examine(check(async () => null)),
    await examine(check(async () => ({ partly: 'a small one' }))),
    await examine(
      check(async () => {
        throw new Error('it broke\nwith details');
      }),
    ),
  ];
  assert.equal(findingsText(findings).trimEnd().split('\n'), [
    '+ thing  1.2          for work',
    '- thing  not found    for work; to get it: apt-get it',
    '~ thing  a small one  for work; to get it: apt-get it',
    '~ thing  it broke     for work; to get it: apt-get it',
  ]);
});

test('every check that can fail says how to get what it needs', () => {
  const always = new Set(['cores and memory', 'loopback']);
  for (const { name, usedFor, howToGet } of MACHINE_CHECKS) {
    assert.ok(usedFor, name);
    assert.is(howToGet !== '', !always.has(name), name);
  }
});
