import { assert, suite } from '#test';
import { readVotingRules } from './voting-rules.ts';

const test = suite('membership: the voting rules of a configuration');

const THREE = 'server.1=a:1:2:participant\nserver.2=b:1:2:participant\nserver.3=c:1:2:participant\n';

test('version, and the voters in order; observers are none of them', () => {
  const rules = readVotingRules(`server.10=z:1:2\nserver.4=d:1:2:observer;2181\n${THREE}version=10000000a`);
  assert.equal(rules?.voters, [1, 2, 3, 10]);
  assert.is(rules?.version, 0x1_0000_000a);
});

/** Each line is a server 2 that votes. */
const voterLines = [
  'b:1:2',
  'b:1:2:PARTICIPANT',
  ' b:1:2:participant ',
  '[::1]:1:2:participant;[::]:2181',
  'b:1:2:participant|c:1:2:participant;0.0.0.0:2181',
  'observer:1:2:participant;observer:2181',
  'b:1:2;observer.example:2181',
  'b:1:2:participant;2181;2281',
  'whatever comes in 4.0',
];
const observerLines = [
  'b:1:2:observer',
  'b:1:2:OBSERVER;2181',
  '[::1]:1:2:observer',
  'b:1:2:observer|c:1:2:observer;2181',
];

test('the voters are read from lines with addresses of any form', () => {
  for (const line of voterLines)
    assert.equal(readVotingRules(`server.1=a:1:2\nserver.2=${line}\nversion=1`)?.voters, [1, 2], line);
  for (const line of observerLines)
    assert.equal(readVotingRules(`server.1=a:1:2\nserver.2=${line}\nversion=1`)?.voters, [1], line);
});

const keyOf = (lines: string) => readVotingRules(`${THREE}${lines}`)?.key;

test('the same quorums: other addresses, other observers, other names of groups, weights spelled out', () => {
  const moved = THREE.replace('b:1:2', 'elsewhere:7:8').replace(/participant\n/g, 'participant;2181\n');
  assert.is(readVotingRules(`${moved}server.9=o:1:2:observer\nversion=ff`)?.key, keyOf('version=0'));
  const groups = 'group.1=1:2\ngroup.2=3\n';
  for (const same of [
    'group.7=3\ngroup.3=2:1\n',
    `${groups}weight.1=1\nweight.2=1\nweight.3=1\n`,
    `${groups}weight.9=5\n`,
  ])
    assert.is(keyOf(same), keyOf(groups), same);
});

test('other quorums: voters, roles, groups and weights', () => {
  const groups = 'group.1=1:2\ngroup.2=3\n';
  const keys = [
    '',
    'server.4=d:1:2\n',
    groups,
    'group.1=1\ngroup.2=2:3\n',
    'group.1=1:2:3\n',
    `${groups}weight.1=2\n`,
    `${groups}group.3=4\nweight.4=1\n`,
  ].map(keyOf);
  assert.is(new Set(keys).size, keys.length, keys.join(' | '));
  assert.is.not(readVotingRules(THREE.replace('c:1:2:participant', 'c:1:2:observer'))?.key, keys[0]);
});

test('a text without voters is no configuration, and an unreadable version is 0', () => {
  for (const text of [
    '',
    'version=5',
    'server.1=a:1:2:observer\nversion=5',
    'x',
    '\\uzzzz',
    `${THREE}#${'x'.repeat(300_000)}`,
  ])
    assert.is(readVotingRules(text), null, text.slice(0, 40));
  for (const version of ['', 'version=', 'version=xyz', 'version=-1', `version=${'f'.repeat(17)}`])
    assert.is(readVotingRules(`${THREE}${version}`)?.version, 0, version);
});
