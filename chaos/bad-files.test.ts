/** Every file that a person writes is refused with one sentence: file, line, key, value, what is accepted. */
import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { readMatrix } from '../bench/matrix/matrix-suite.ts';
import { readTopology } from '../bench/topology/read-topology.ts';
import { UsageError } from '../bench/usage-error.ts';
import { readSuite } from './experiments/suites.ts';
import { readSchedule } from './schedules/index.ts';

const test = suite('bad files');
const SUITES = join(import.meta.dirname, '../../bench/suites');

type Row = readonly [text: string, line: number, ...says: string[]];

/** Each file is `head`, then the text of a row; lines count from that text on. */
function refuses(read: (file: string) => unknown, head: string, rows: readonly Row[]): void {
  const folder = temporaryFolder();
  for (const [index, [text, line, ...says]] of rows.entries()) {
    const file = join(folder, `${index}.yaml`);
    writeFileSync(file, head + text);
    let error: unknown;
    try {
      read(file);
    } catch (thrown) {
      error = thrown;
    }
    assert.instance(error, UsageError, `${text} was not refused: ${error}`);
    const { message } = error as Error;
    const at = `${file}:${head.split('\n').length - 1 + line}: `;
    assert.ok(message.startsWith(at), `${text}: "${message}" does not begin with "${at}"`);
    for (const words of says) assert.ok(message.includes(words), `${text}: "${message}" lacks "${words}"`);
    assert.not.match(message, /\n/, 'one sentence');
  }
}

const CLAIMS_HEAD = `include: ${join(SUITES, 'quick.yaml')}\n`;

test('suites that measure claims', () => {
  refuses(readSuite, CLAIMS_HEAD, [
    ['round: 3', 1, 'unknown key round; accepted are include, description, rounds'],
    ['load: { deptth: 3 }', 1, 'load: unknown key deptth; accepted are'],
    ['load:\n  depth: 0', 2, 'load.depth: 0; accepted is 1 or more'],
    ['load:\n  depth: 20000', 2, 'load.depth: 20000; accepted is 10000 or less'],
    ['load:\n  depth: 1.5', 2, 'load.depth: 1.5; accepted is a whole number'],
    ['rounds: six', 1, 'rounds: "six"; accepted is a whole number'],
    ['rounds: [6]', 1, 'rounds: [6]; accepted is a whole number'],
    ['rounds: 0', 1, 'rounds: 0; accepted is 1 or more'],
    ['\nroundsMin: 7', 2, 'roundsMin: 7; accepted is at most rounds, which is 6'],
    ['description:', 1, 'description: null; accepted is a text'],
    ['proxyTax: maybe', 1, 'proxyTax: "maybe"; accepted is true, false'],
    ['topologies:\n  a b: voters=3', 2, 'topologies.a b: accepted here is a name of letters'],
    ['topologies:\n  mine: 3', 2, 'topologies.mine: 3; accepted is a text'],
    ['topologies:\n  mine: votres=3', 2, 'topology "votres=3"', 'accepted are voters='],
    ['topologies:\n  mine: voters=0', 2, 'there is no voter'],
    ['topologies:\n  mine: none.yaml', 2, 'topology file', 'none.yaml cannot be read: ENOENT'],
    ['topologies:\n  mine: voters=3 server=apache', 2, 'leave it out, because --server chooses the server'],
    [
      'topologies: { voters7: voters=7 }',
      1,
      'two topologies are named voters7; accepted is one of each name',
    ],
    ['roles: { topologies: { x: voters=3 masters=on } }', 1, 'roles.topologies.x', 'there are no observers'],
    ['settings: { snapCout: 1000 }', 1, 'snapCout=1000: no such key; did you mean snapCount?'],
    ['settings: { clientPort: 1 }', 1, 'the lab sets clientPort itself'],
    ['settings: { snapCount: [1] }', 1, 'settings.snapCount: [1]; accepted is a text, a number'],
    [
      'observerLatency: { ms: 20, jitterMs: 50 }',
      1,
      'observerLatency.jitterMs: 50; accepted is less than ms',
    ],
    ['conditions: { slow: { fault: late } }', 1, 'conditions.slow.fault: "late"; accepted are latency'],
    ['matrix: { topologies: {} }', 1, 'this suite is a matrix; zklab bench'],
    ['rounds: 6\nrounds: 7', 2, 'this is not valid YAML: Map keys must be unique'],
    ['rounds: 6\n  load: x: y', 1, 'this is not valid YAML'],
    ['rounds: !!float 6\n---\nrounds: 7', 2, 'one document is accepted, not several'],
  ]);
});

const MATRIX_HEAD = `description: a test
matrix:
  topologies: { voters3: voters=3 }
`;
const LOADS = '  workloads: { small: { operations: { setData: 1 } } }\n';

test('matrix suites', () => {
  refuses(readMatrix, MATRIX_HEAD, [
    ['', -1, 'matrix.workloads: missing; accepted is keys with values'],
    ['  workloads: {}', 1, 'matrix.workloads: {}; accepted is at least one workload'],
    [
      '  workloads: { a: { operations: { put: 1 } } }',
      1,
      'matrix.workloads.a.operations: unknown key put',
      'setData',
    ],
    ['  workloads: { a: { operations: { setData: -1 } } }', 1, 'operations.setData: -1; accepted is'],
    ['  workloads: { a: { operations: { setData: 0 } } }', 1, 'at least one operation with a weight above 0'],
    ['  workloads: { a: 3 }', 1, 'matrix.workloads.a: 3; accepted is the name of a workload'],
    ['  workloads: { a: no-such }', 1, 'matrix.workloads.a: workload "no-such": accepted are config-reads'],
    ['  workloads: { a: no-such.yaml }', 1, 'matrix.workloads.a: workload file', 'cannot be read: ENOENT'],
    ['  workloads: { a: lock-service }', 1, 'matrix.workloads.a: lock takes several requests'],
    [
      '  workloads: { a: { operations: { check: 1 }, arrivals: { kind: ramp } } }',
      1,
      'matrix.workloads.a.arrivals',
    ],
    [
      `  workloads:\n    a:\n      operations: { setData: 1 }\n      valueBytes: 2000000`,
      4,
      'valueBytes: 2000000',
    ],
    [`${LOADS}  topology: {}`, 2, 'matrix: unknown key topology; accepted are topologies, workloads'],
    [`${LOADS}  settings: { snapCout: [1] }`, 2, 'snapCout=1: no such key; did you mean snapCount?'],
    [`${LOADS}  settings: { snapCount: 1000 }`, 2, 'matrix.settings.snapCount: 1000; accepted is a list'],
    [`${LOADS}  settings: { snapCount: [] }`, 2, 'accepted is at least one value'],
    [`${LOADS}  settings: { syncLimit: [much] }`, 0, 'settings of v1', 'syncLimit'],
    [
      `${LOADS}  conditions: { a: { clients: everybody } }`,
      2,
      'clients: "everybody"; accepted is leader, followers',
    ],
    [`${LOADS}  conditions: { a: { budget: 0 } }`, 2, 'budget: 0; accepted is cores, from 0.01 to 64'],
    [`${LOADS}  conditions: { a: { server: etcd } }`, 2, 'server: "etcd"; accepted is zklab, apache'],
    [`${LOADS}  conditions: { a: { fault: kill } }`, 2, 'matrix.conditions.a: unknown key fault'],
    [`${LOADS}starts: 0`, 2, 'starts: 0; accepted is 1 or more'],
    [`${LOADS}windowMs: 5`, 2, 'windowMs: 5; accepted is 100 or more'],
    [`${LOADS}tags: { a b: {} }`, 2, 'tags.a b: accepted here is a name'],
    [`${LOADS}load: {}`, 2, 'unknown key load; accepted are include, description, matrix'],
  ]);
});

test('topologies', () => {
  refuses(readTopology, '', [
    ['voters: 3\nobservrs: 2', 2, 'unknown key observrs; accepted are include, name, voters'],
    ['voters: 3\nmasters: on', 2, 'masters=on, but there are no observers'],
    [
      'members:\n  - {}\n  - { role: leader }',
      3,
      'members.1.role: "leader"; accepted is participant, observer',
    ],
    ['members:\n  - { sid: 7 }\n  - { sid: 7 }', 3, 'v1 and v2 both have sid 7'],
    ['voters: 1\nsettings:\n  snapCout: 5', 3, 'settings: snapCout=5: no such key; did you mean snapCount?'],
    ['members:\n  - settings:\n      dataDir: /x', 3, 'the lab sets dataDir itself'],
    ['', 1, 'it is empty; accepted is keys with values'],
  ]);
});

test('schedules', () => {
  const head = 'description: x\ntopology: voters\nworkload: { name: registers }\n';
  refuses(readSchedule, head, [
    ['steps: []', 1, 'steps: []; accepted is 1 or more'],
    ['steps:\n  - { fault: kil, atMs: 0, forMs: 1 }', 2, 'steps.0.fault: "kil"; accepted are latency'],
    ['steps:\n  - { fault: kill, at: 0, forMs: 1 }', 2, 'steps.0.atMs: missing; accepted is a whole number'],
    ['steps:\n  - fault: kill\n    atMs: 0\n    forMs: 1\n    target: { rol: x }', 5, 'steps.0.target'],
    ['step: []', 1, 'unknown key step; accepted are include, description, topology'],
    [
      'steps:\n  - { fault: kill, target: { role: leader }, atMs: 0, forMs: 1, until: dawn }',
      2,
      'steps.0.until: "dawn"; accepted is election, snapshot, sync-by-snap',
    ],
    ['steps: *none', 1, 'this is not valid YAML: Unresolved alias'],
    [`steps: ${'['.repeat(5_000)}`, 1, 'this is not valid YAML: it is nested too deeply'],
  ]);
  refuses(readSchedule, '', [
    ['description: x\nsteps: []', 1, 'topology: missing; accepted is a text or keys'],
  ]);
});

test('a campaign whose runs could have millions of faults is refused', () => {
  const head = 'description: x\ndraw:\n  topologies: [voters=3]\n  workloads: [{ name: registers }]\n';
  refuses(readSchedule, head, [
    [
      '  faultMs: [0, 0]\n  pauseMs: [0, 0]\n  chaosMs: [1, 86400000]',
      3,
      'draw.chaosMs: a run could have 172800000 faults; accepted are ranges with at most 10000',
    ],
  ]);
});

test('a schedule may merge an anchored step into another one, as YAML 1.1 did', () => {
  const file = join(temporaryFolder(), 'merged.yaml');
  const steps =
    '  - &k { fault: kill, target: { role: leader }, atMs: 0, forMs: 1000 }\n  - { <<: *k, atMs: 5000 }\n';
  writeFileSync(file, `description: x\ntopology: voters\nworkload: { name: registers }\nsteps:\n${steps}`);
  const schedule = readSchedule(file);
  assert.equal('steps' in schedule ? schedule.steps.map(({ atMs, forMs }) => [atMs, forMs]) : [], [
    [0, 1000],
    [5000, 1000],
  ]);
});

test('what is no file of text is refused at once: a pipe, a device, 2 MB, Latin-1', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  execFileSync('mkfifo', [at('pipe.yaml')]);
  symlinkSync('/dev/zero', at('device.yaml'));
  writeFileSync(at('large.yaml'), '#'.repeat(2_000_000));
  writeFileSync(at('latin.yaml'), Buffer.from('description: caf\u00e9', 'latin1'));
  const says = {
    pipe: 'cannot be read: it is a pipe or a device; accepted is a regular file',
    device: 'cannot be read: it is a pipe or a device; accepted is a regular file',
    large: 'cannot be read: it has 2000000 bytes; accepted are at most 1048576',
    latin: 'is not text in UTF-8, which is accepted',
  };
  for (const [name, why] of Object.entries(says)) {
    const file = at(`${name}.yaml`);
    assert.throws(
      () => readSchedule(file),
      (error: Error) => error instanceof UsageError && error.message === `schedule file ${file} ${why}`,
      name,
    );
  }
});
