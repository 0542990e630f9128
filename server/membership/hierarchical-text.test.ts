/**
 * What QuorumHierarchical of Apache ZooKeeper 3.8.0 makes of each of these lines; Apache printed the quorums.
 * Lines that it refuses and we accept have a note.
 */
import { assert, suite } from '#test';
import { configurationOf } from './configuration.ts';
import { formatQuorumConfig, parseQuorumConfig } from './quorum-text.ts';

const test = suite('quorum: groups and weights as they are written');

/** Three voters and an observer. */
const SERVERS = 'server.1=a:1:2|server.2=b:1:2|server.3=c:1:2|server.4=d:1:2:observer';
const MAJORITIES = '12 13 23 123';
const ALL = '123';
const NONE = '';

const accepted: readonly (readonly [lines: string, quorums: string])[] = [
  ['group.1=1:2:3', MAJORITIES],
  ['group.1=1:2:3|weight.3=9', '3 13 23 123'],
  ['group.1=1:2:3:4|weight.4=0', MAJORITIES],
  ['group.1=1:2:3:4|weight.4=1', ALL],
  ['group.1=1:2:3:4|weight.1=2|weight.4=5', NONE],
  ['group.1=1:2|group.2=3|group.3=4|weight.4=0', ALL],
  ['group.1=1:2|group.2=3|group.3=4|weight.4=1', ALL],
  ['group.1=1:2:3|group.2=4|weight.4=0', MAJORITIES],
  ['group.1=1:2:3|weight.4=7', MAJORITIES],
  ['group.1=1:2:3|weight.9=7', MAJORITIES],
  ['group.1=1:2:3:9|weight.9=1', ALL],
  ['group.1=1:2:3:', MAJORITIES],
  ['group.1=1:2:3|group.2=:', NONE],
  ['group.1=1:2:3|group.2=:|group.3=:', NONE],
  ['group.1=1:+2:03', MAJORITIES],
  ['group.-1=1:2:3', MAJORITIES],
  ['group.1=1:2:3|weight.1=0|weight.2=0|weight.3=0', NONE],
  ['group.1=1:2|group.2=3|weight.3=0', '12 123'],
  // Refused by Apache: an observer without a weight (NullPointerException), spaces (NumberFormatException).
  ['group.1=1:2:3:4', MAJORITIES],
  ['group.1=1:2|group.2=3:4', ALL],
  ['group.1= 1: 2 :3 |weight.1= 1 ', MAJORITIES],
];

function verifierFrom(text: string) {
  return configurationOf(parseQuorumConfig(text.replaceAll('|', '\n'))).verifier;
}

/** Each set of voters, and of voters with the observer and a stranger, that decides. */
function quorumsOf(text: string): string {
  const verifier = verifierFrom(text);
  const sets = ['1', '2', '12', '3', '13', '23', '123'].sort((a, b) => a.length - b.length);
  const decides = (set: string) => verifier.containsQuorum(new Set([...set].map(Number)));
  for (const set of sets)
    assert.is(decides(`${set}49`), decides(set), 'observers and strangers decide nothing');
  return sets.filter(decides).join(' ');
}

for (const [lines, quorums] of accepted) {
  test(`${lines} -> ${quorums || 'no quorum'}`, () => {
    assert.is(quorumsOf(`${SERVERS}|${lines}`), quorums);
    assert.is(quorumsOf(`${lines}|${SERVERS}`), quorums, 'in whatever order the lines come');
    const text = formatQuorumConfig(parseQuorumConfig(`${SERVERS}|${lines}`.replaceAll('|', '\n')));
    const empty = lines.includes('=:');
    if (!empty) assert.is(quorumsOf(text), quorums, `through its own text: ${text}`);
  });
}

test('field report C4: an observer in a group has a weight in the text that Apache reads', () => {
  const text = formatQuorumConfig(parseQuorumConfig(`${SERVERS}|group.1=1:2:3:4`.replaceAll('|', '\n')));
  assert.match(text, /\nweight\.4=0\n/);
});

const refused = [
  'group.1=1:2',
  'weight.1=1',
  'group.1=1:2|group.2=2:3',
  'group.1=1:2:3:1',
  'group.1=1:2:3:9',
  'group.1=1::2:3',
  'group.1=1:2:3|group.2=',
  'group.1=1:2:3|weight.1=',
  'group.x=1:2:3',
  'group.1=1,2,3',
  // Accepted by Apache: two quorums without a common voter.
  'group.1=1:2:3|weight.1=-1',
  // Accepted by Apache, which then counts two groups where there is one, and never has a quorum.
  'group.1=1:2|group.01=3',
];

for (const lines of refused) {
  test(`refused: ${lines}`, () => {
    assert.throws(() => quorumsOf(`${SERVERS}|${lines}`), /group|weight/);
  });
}
