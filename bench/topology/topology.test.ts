import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { UsageError } from '../usage-error.ts';
import { readTopology } from './read-topology.ts';

const test = suite('topology');

test('the presets are the three topologies of the claims', () => {
  const shortForms = ['voters', 'observers', 'masters'].map(name => {
    const topology = readTopology(name);
    assert.is(topology.name, name);
    return topology.shortForm;
  });
  assert.equal(shortForms, ['voters=3', 'voters=3 observers=3', 'voters=3 observers=3 masters=on']);
});

test('a short form names its members v1.. and o1.., with sids in that order', () => {
  const { members, observerMasters, name } = readTopology('voters=3 observers=4 masters=on');
  assert.equal(
    members.map(member => `${member.name}:${member.sid}:${member.role}`),
    [
      'v1:1:participant',
      'v2:2:participant',
      'v3:3:participant',
      ...[1, 2, 3, 4].map(i => `o${i}:${i + 3}:observer`),
    ],
  );
  assert.ok(observerMasters);
  assert.is(name, 'voters=3 observers=4 masters=on');
});

test('a short form is read back from its own text', () => {
  for (const text of [
    'voters=1',
    'voters=5 observers=2',
    'voters=3 observers=1 masters=on server=apache',
    'voters=3 observers=2 budget=0.15',
    'voters=3 bandwidth=100mbit delay=25ms',
  ])
    assert.is(readTopology(text).shortForm, text);
});

test('a CPU budget counts for every member that has none of its own', () => {
  const { members } = readTopology(file('{ budget: 0.15, members: [{}, { budget: 0.5 }] }'));
  assert.equal(
    members.map(({ budget }) => budget),
    [0.15, 0.5],
  );
  assert.is(readTopology('voters=1').members[0]!.budget, undefined);
});

test('limits of a link count for every member that has none of its own; one that only some have is in no short form', () => {
  const { members, shortForm } = readTopology(
    file('{ bandwidth: 1gbit, members: [{}, { bandwidth: 50mbit, delay: 5ms }] }'),
  );
  assert.equal(
    members.map(({ bandwidth, delay }) => [bandwidth, delay]),
    [
      ['1gbit', undefined],
      ['50mbit', '5ms'],
    ],
  );
  assert.is(shortForm, 'voters=2');
});

test('a preset with another server is another topology with another name', () => {
  const topology = readTopology('masters server=apache');
  assert.is(topology.name, 'voters=3 observers=3 masters=on server=apache');
  assert.ok(topology.members.every(({ implementation }) => implementation === 'apache'));
});

test('Apache ZooKeeper may be named with a release, of all members or of one', () => {
  const serversOf = (text: string) => readTopology(text).members.map(({ implementation }) => implementation);
  assert.equal(serversOf('voters=1 server=apache@3.9.5'), ['apache@3.9.5']);
  const mixed = file(
    '{ implementation: apache, members: [{}, { implementation: apache@3.9.5 }, { implementation: zklab }] }',
  );
  assert.equal(serversOf(mixed), ['apache', 'apache@3.9.5', 'zklab']);
  assert.is(readTopology(mixed).shortForm, 'voters=3 server=apache+apache@3.9.5+zklab');
});

test('a file may also give data centres, settings and implementations by member, over shared ones', () => {
  const topology = readTopology(
    file(`
name: two-dcs
masters: on
settings: { snapCount: 1000, tickTime: 400 }
members:
  - { dc: paris }
  - { dc: paris, implementation: apache }
  - { dc: paris, implementation: { command: "my-server {cfg}" } }
  - { name: tokyo-1, role: observer, sid: 40, dc: tokyo, settings: { zookeeper.snapCount: 50 } }
`),
  );
  assert.is(topology.name, 'two-dcs');
  assert.equal(
    topology.members.map(({ name, sid, dc }) => [name, sid, dc]),
    [
      ['v1', 1, 'paris'],
      ['v2', 2, 'paris'],
      ['v3', 3, 'paris'],
      ['tokyo-1', 40, 'tokyo'],
    ],
  );
  assert.equal(topology.members[0]!.settings, { snapCount: '1000', tickTime: '400' });
  assert.equal(topology.members[3]!.settings, { snapCount: '50', tickTime: '400' });
  assert.equal(topology.members[2]!.implementation, { command: 'my-server {cfg}' });
});

const REFUSED: readonly (readonly [input: string, ...says: string[]])[] = [
  ['obsrvers', 'topology "obsrvers"', 'voters, observers, masters', 'voters=3 observers=4'],
  ['voters=3 obsrvers=4', '"obsrvers=4"', 'voters=, observers=, masters=, packed=, server=, budget='],
  ['voters=3 voters=4', 'voters is given twice'],
  ['voters=3 packed=5', 'packed=5', 'no observers'],
  ['voters=3 observers=9 packed=3 budget=0.1', 'o1 needs a process of its own'],
  ['voters=3 observers=9 packed=3 server=apache', 'o1 needs a process of its own'],
  ['voters=0', 'no voter', 'at least one participant'],
  ['voters=-1', 'voters: -1', 'a whole number from 0 to 255'],
  ['voters=2.5', 'voters: 2.5', 'a whole number'],
  ['voters=three', 'voters: "three"', 'a whole number'],
  ['voters=300', 'voters: 300', '255'],
  ['voters=200 observers=200', '400 members', '255'],
  ['voters=3 masters=on', 'masters=on, but there are no observers'],
  ['voters=3 observers=1 masters=maybe', 'masters: "maybe"', 'on, off, ready'],
  ['voters=3 observers=2 masters=ready', 'masters=ready, but there are observers (2)', 'on, off'],
  ['voters=3 server=etcd', 'server=etcd', 'accepted are zklab, apache, apache@3.9.5'],
  ['voters=3 server=apache@latest', 'server=apache@latest', 'accepted are zklab, apache, apache@3.9.5'],
  ['voters=3 server=zklab@3.9.5', 'server=zklab@3.9.5', 'accepted are zklab, apache, apache@3.9.5'],
  ['voters=3 budget=0', 'budget: 0', 'cores, at least 0.01, such as 0.15'],
  ['voters=3 budget=much', 'budget: "much"', 'cores, at least 0.01'],
  ['voters=3 bandwidth=100', 'bandwidth: 100', 'a rate from 100kbit to 100gbit, such as 100mbit'],
  ['voters=3 bandwidth=fast', 'bandwidth: "fast"', 'a rate from 100kbit'],
  ['voters=3 delay=25', 'delay: 25', 'a time up to 10000ms, such as 25ms'],
  ['no-such-file.yaml', 'no-such-file.yaml cannot be read', 'ENOENT'],
];

test('masters=ready sets observerMasterPort before any member observes, and keeps its name', () => {
  const { name, observerMasters } = readTopology('voters=3 masters=ready');
  assert.equal([name, observerMasters], ['voters=3 masters=ready', true]);
});

test('an invalid topology is refused by name, with its value and what is accepted', () => {
  for (const [input, ...says] of REFUSED) refuses(input, says);
});

const REFUSED_FILES: readonly (readonly [yaml: string, ...says: string[]])[] = [
  ['name: x\nvotrs: 3', '.yaml:2: unknown key votrs', 'accepted are include, name, voters, observers'],
  ['members: [{ nam: x }]', 'members.0: unknown key nam', 'accepted are name, sid, role'],
  ['members: [{ role: leader }]', 'members.0.role: "leader"', 'participant, observer'],
  ['members: [{ name: "a b" }]', 'members.0.name: "a b"', 'letters, digits, - and _'],
  ['members: [{ sid: 0 }]', 'members.0.sid: 0'],
  ['members: [{ name: a }, { name: a }]', 'two members are named a'],
  ['members: [{ name: client }]', 'a member is named client'],
  ['members: [{ sid: 7 }, { sid: 7 }]', 'v1 and v2 both have sid 7'],
  ['{ voters: 3, members: [{}] }', 'either the list or the counts'],
  ['{ voters: 1, settings: { snapCout: 5 } }', 'settings: snapCout=5', 'did you mean snapCount?'],
  ['{ voters: 1, settings: { dataDir: /x } }', 'dataDir=/x', 'the lab sets dataDir itself'],
  ['{ voters: 1, settings: { server.1: "x:1:2" } }', 'server.1=x:1:2', 'makes server lines from the members'],
  ['members: [{ implementation: { command: ./run } }]', 'implementation of v1', 'it must contain {cfg}'],
  ['voters: [', '.yaml:1: this is not valid YAML'],
  ['', 'it is empty', 'keys with values'],
  ['voters: 1e400', 'voters: Infinity', 'from 0 to 255'],
  ['members: [null]', 'members.0: null', 'keys with values'],
  ['members: 3', 'members: 3', 'a list'],
  [
    'members: [{ implementation: java }]',
    'members.0.implementation: "java"',
    'zklab, apache, apache@3.9.5, {command',
  ],
  [
    '{ voters: 1, settings: { snapCount: [5] } }',
    'settings.snapCount: [5]',
    'a text, a number, true or false',
  ],
  ['{ voters: 1, settings: { snapCount: "5\\nclientPort=1" } }', 'settings.snapCount', 'one line'],
  ['voters: 3\nvoters: 4', '.yaml:2: this is not valid YAML: Map keys must be unique'],
  ['voters: 3\n---\nvoters: 4', 'one document is accepted'],
  ['voters: !!count 3', '.yaml:1: this is not valid YAML: Unresolved tag'],
  ['voters: *none', 'Unresolved alias'],
];

test('an invalid file is refused in the same way', () => {
  for (const [yaml, ...says] of REFUSED_FILES) refuses(file(yaml), says);
});

function refuses(reference: string, says: readonly string[]): void {
  let error: unknown;
  try {
    readTopology(reference);
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error instanceof UsageError, `${reference} was not refused: ${error}`);
  for (const words of says) assert.ok(error.message.includes(words), `"${error.message}" lacks "${words}"`);
}

let folder: string | undefined;
let files = 0;
function file(yaml: string): string {
  folder ??= temporaryFolder();
  const path = join(folder, `${++files}.yaml`);
  writeFileSync(path, yaml);
  return path;
}
