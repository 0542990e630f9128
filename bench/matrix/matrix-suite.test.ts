import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { OpCode } from '../../server/wire/opcodes.ts';
import { RecordingEncoder } from '../recording/recording.ts';
import { UsageError } from '../usage-error.ts';
import { expectedMs, explained, explainText } from './explain.ts';
import { matrixNames, onlyTagged, parseMatrix, readMatrix, withStarts } from './matrix-suite.ts';

const test = suite('bench/matrix: suites');

const TEXT = `
description: a test
matrix:
  topologies: { voters3: voters=3, observers2: voters=3 observers=2 }
  workloads:
    small: { operations: { setData: 1 } }
    large: { operations: { setData: 1 }, valueBytes: 10000 }
  settings: { snapCount: [1000, 100000] }
`;

function matrix(more = '', text = TEXT) {
  return parseMatrix(`${text}${more}`, 'test', 'test.yaml');
}

function problemOf(more: string, text = TEXT): string {
  try {
    matrix(more, text);
    return '';
  } catch (error) {
    assert.instance(error, UsageError);
    return (error as Error).message;
  }
}

test('a cell is every combination of the axes; those of equal topology and settings share an ensemble', () => {
  const { cells, ensembles } = matrix();
  assert.equal(
    cells.map(({ id }) => id),
    ['voters3', 'observers2'].flatMap(topology =>
      [1000, 100000].flatMap(count =>
        ['small', 'large'].map(load => `${topology}, ${load}, snapCount=${count}`),
      ),
    ),
  );
  assert.equal(
    ensembles.map(each => [each.label, each.cells.length, each.topology.members[0]!.settings.snapCount]),
    ['voters3', 'observers2'].flatMap(topology =>
      ['1000', '100000'].map(count => [`${topology} snapCount=${count}`, 2, count]),
    ),
  );
});

test('a label has only what differs between cells', () => {
  const one = matrix('', TEXT.replace(/ {4}large.*\n/, '').replace(', 100000', ''));
  assert.equal(
    one.cells.map(({ id, label }) => [id, label]),
    [
      ['voters3', ''],
      ['observers2', ''],
    ],
  );
});

test('without a baseline every cell is compared with the first; with one, with its own counterpart', () => {
  const controls = (more: string) =>
    matrix(more).cells.map(({ control }) => control?.replace(', snapCount=', ' '));
  assert.equal(new Set(controls('').slice(1)), new Set(['voters3, small 1000']));
  assert.is(controls('')[0], undefined);
  assert.equal(controls('baseline: { settings: { snapCount: 100000 } }\n'), [
    'voters3, small 100000',
    'voters3, large 100000',
    undefined,
    undefined,
    'observers2, small 100000',
    'observers2, large 100000',
    undefined,
    undefined,
  ]);
});

test('exclude leaves cells out, include adds some, and tags name groups of them', () => {
  const { cells } = matrix(`  exclude:
    - { topology: observers2, settings: { snapCount: 1000 } }
  include:
    - { topology: voters3, workload: small, settings: { snapCount: 10 }, tags: [odd] }
tags: { big: { workload: large } }
`);
  assert.is(cells.length, 7);
  assert.ok(!cells.some(({ id }) => /observers2.*=1000$/.test(id)));
  const last = cells.at(-1)!;
  assert.is(last.id, 'voters3, small, snapCount=10');
  assert.equal(last.tags, ['voters3', 'small', 'healthy', 'snapCount=10', 'odd']);
  assert.is(cells.filter(({ tags }) => tags.includes('big')).length, 3);
});

test('--only measures the cells of a tag and their controls, on the ensembles that they need', () => {
  const read = matrix('baseline: { topology: voters3 }\n');
  const { cells, ensembles } = onlyTagged(read, ['observers2']);
  assert.is(cells.length, 8);
  const some = onlyTagged(read, ['snapCount=1000']);
  assert.equal([some.cells.length, some.ensembles.length], [4, 2]);
  assert.is(ensembles.length, 4);
  assert.throws(
    () => onlyTagged(read, ['observer']),
    /--only observer: no cell has this tag; accepted are healthy, large, observers2, small, snapCount=1000/,
  );
});

test('a condition gives the server, the clients and the budget', () => {
  const { ensembles } = matrix(
    `  conditions:
    open: {}
    tight: { budget: 0.25, clients: leader }
    theirs: { server: apache }
`,
    TEXT.replace(', 100000', ''),
  );
  assert.is(ensembles.length, 6);
  assert.equal(
    ensembles.slice(0, 3).map(({ label }) => label),
    ['voters3 snapCount=1000', 'voters3 budget=0.25 snapCount=1000', 'voters3 apache snapCount=1000'],
  );
  assert.equal(
    ensembles.slice(0, 3).map(({ budget, topology, cells }) => {
      const { implementation } = topology.members[0]!;
      return [budget, implementation, cells[0]!.clients];
    }),
    [
      [undefined, 'zklab', 'voters'],
      [0.25, 'zklab', 'leader'],
      [undefined, 'apache', 'voters'],
    ],
  );
});

test('--starts overrides the suite; the estimate grows with what is measured', () => {
  const read = matrix();
  assert.equal([withStarts(read, 2).starts, withStarts(read, 2).startsMin], [2, 2]);
  assert.ok(expectedMs(withStarts(read, 12)) > 1.9 * expectedMs(read));
  assert.is(expectedMs({ ...read, budgetMs: 5_000 }), 5_000);
});

test('the explanation has every default and every cell with its control', () => {
  const read = matrix();
  const plan = JSON.parse(JSON.stringify(explained(read)));
  assert.equal([plan.starts, plan.windowMs, plan.marginPercent, plan.startsMin], [6, 3000, 3, 5]);
  assert.is(plan.matrix.workloads.small.valueBytes, 100);
  assert.equal(plan.plan.cells[1].comparedWith, 'voters3, small, snapCount=1000');
  assert.is(plan.plan.membersAtOnce, 16);
  assert.match(
    explainText(read),
    /^# test: a test\n# 8 cells on 4 ensembles \(16 members at the same time\)/,
  );
  assert.match(explainText(read), /Nothing was started/);
});

test('the shipped matrices are valid, and each comparison has enough starts to show something', () => {
  assert.ok(matrixNames().length >= 3, matrixNames().join());
  for (const name of matrixNames()) {
    const read = readMatrix(name);
    assert.ok(
      read.cells.some(({ control }) => control !== undefined),
      name,
    );
    assert.ok(read.starts >= 6, name);
    assert.match(read.description, /^matrix: /);
  }
});

test('a matrix builds on another file, and the path of a topology begins in the folder of the suite', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'base.yaml'), TEXT);
  writeFileSync(join(folder, 'own.yaml'), 'voters: 1\n');
  const file = join(folder, 'mine.yaml');
  writeFileSync(file, 'include: base.yaml\nmatrix: { topologies: { own: own.yaml } }\nstarts: 2\n');
  const read = readMatrix(file);
  assert.equal([read.cells.length, read.starts, read.reference, read.name], [12, 2, file, 'mine']);
});

test('what a matrix does not measure is refused, each in a sentence that says what does', () => {
  const folder = temporaryFolder();
  const recording = new RecordingEncoder();
  const opened = { kind: 'open', session: 1, atUs: 0, timeoutMs: 4_000 } as const;
  const shape = { op: OpCode.exists, path: '/a', watch: false, dataBytes: 0, flags: 0 };
  const asked = { kind: 'request', session: 1, atUs: 1, shape, parts: [] } as const;
  writeFileSync(
    join(folder, 'r.zkrec'),
    Buffer.concat([
      recording.header(false),
      recording.event(opened),
      recording.event(asked),
      recording.end(),
    ]),
  );
  writeFileSync(join(folder, 'replayed.yaml'), 'description: a replay\nreplay: r.zkrec\n');
  const steady =
    'a matrix repeats a load of a steady rate \\(closed, constant, poisson\\), and zklab bench load runs';
  for (const [written, says] of [
    [
      'lock-service',
      'lock takes several requests; a matrix measures single ones, and zklab bench load the others',
    ],
    ['{ operations: { watch: 1 } }', 'watch takes several requests'],
    ['hbase-regions', `its rate changes; ${steady}`],
    [
      '{ operations: { setData: 1 }, arrivals: { kind: step, steps: [{ ratePerSecond: 1, forMs: 9 }] } }',
      `its rate changes; ${steady}`,
    ],
    [join(folder, 'replayed.yaml'), `it replays a recording; ${steady}`],
    ['{ replay: r.zkrec }', `{"replay":"r.zkrec"}; accepted is one without replay: ${steady}`],
    [
      '{ operations: { setData: 1 }, drivers: 2 }',
      'drivers: 2; accepted in a matrix is 1, and zklab bench load runs several',
    ],
  ] as const)
    assert.match(
      problemOf('', TEXT.replace(/small: .*/, `small: ${written}`)),
      new RegExp(`^test\\.yaml:6: matrix\\.workloads\\.small: ${says}`),
      written,
    );
});

test('names, selectors and baselines that mean nothing are refused', () => {
  const refused: readonly (readonly [more: string, says: string])[] = [
    [
      'baseline: { topology: voter3 }\n',
      'test.yaml:9: baseline.topology: "voter3"; accepted are voters3, observers2',
    ],
    ['baseline: { topology: [voters3] }\n', 'test.yaml:9: baseline.topology: several; accepted is one'],
    [
      'baseline: { settings: { snapCount: 5 } }\n',
      'test.yaml:9: baseline: no two cells differ only in its coordinates',
    ],
    ['tags: { small: { workload: large } }\n', 'test.yaml:9: tags.small: an axis has this name'],
    ['tags: { a: { settings: { x: 1 } } }\n', 'tags.a.settings.x: no cell sets it; accepted are snapCount'],
    ['  exclude: [{ workload: tiny }]\n', 'matrix.exclude.0.workload: "tiny"; accepted are small, large'],
    ['  exclude: [{}]\n', 'matrix.exclude: no cell is left'],
    [
      '  exclude: [{ settings: { snapCount: 7 } }]\n',
      'matrix.exclude.0: no cell has these coordinates, so there is nothing to leave out',
    ],
    [
      '  include: [{ topology: voters3, workload: small, settings: { snapCount: 1000 } }]\n',
      'matrix.include: the cell voters3, small, snapCount=1000 is there twice',
    ],
    [
      '  conditions: { small: {} }\n',
      'test.yaml:3: matrix: small names two things; accepted is one of each name',
    ],
    ['startsMin: 7\n', 'test.yaml:9: startsMin: 7; accepted is at most starts, which is 6'],
    ['settings: { snapCount: 5 }\n', 'test.yaml:9: settings.snapCount: matrix.settings has it too'],
    [
      '  conditions: { far: { clients: observers } }\n',
      'test.yaml:9: matrix.conditions.far.clients: observers; topology voters3 has none',
    ],
  ];
  for (const [more, says] of refused)
    assert.ok(problemOf(more).includes(says), `${more} says ${problemOf(more)}`);
  assert.match(
    problemOf('', TEXT.replace('[1000, 100000]', '[1000, 1000]')),
    /test\.yaml:8: matrix\.settings\.snapCount: 1000 is there twice/,
  );
  assert.match(problemOf('', TEXT.replace('voters=3,', 'voters=99,')), /at most 60 are accepted/);
  assert.match(
    problemOf('', TEXT.replace('[1000, 100000]', `[${Array.from({ length: 51 }, (_, n) => n + 1000)}]`)),
    /204 cells; at most 200 are accepted/,
  );
});
