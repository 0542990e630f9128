import { assert, suite } from '#test';
import { UsageError } from '../../usage-error.ts';
import { operationNames } from './operations.ts';
import { parseWorkload, readWorkload, workloadNames } from './workload-file.ts';

const test = suite('load: workloads from files');

const VALID = {
  description: 'd',
  operations: '{ getData: 1 }',
  arrivals: '{ kind: closed, depth: 1 }',
  sessionsPerMember: '2',
  valueBytes: '100',
  keyCount: '10',
};

function yamlOf(more: Readonly<Record<string, string | undefined>>): string {
  return Object.entries({ ...VALID, ...more })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}: ${value}`)
    .join('\n');
}

const parsed = (more: Readonly<Record<string, string>> = {}) => parseWorkload(yamlOf(more), 'w', 'w.yaml');

test('every workload of the project is readable, and its operations and description are plain', () => {
  assert.ok(workloadNames().length >= 6);
  for (const name of workloadNames()) {
    const { description, workload } = readWorkload(name);
    assert.ok(description.length > 20 && description.length < 110, `${name}: ${description}`);
    assert.ok(Object.keys(workload.mix).every(each => (operationNames as readonly string[]).includes(each)));
  }
});

test('every operation can be asked for', () => {
  for (const name of operationNames)
    assert.equal(parsed({ operations: `{ ${name}: 3 }` }).workload.mix, { [name]: 3 });
});

test('defaults are part of what was written', () => {
  const { written, drivers } = parsed();
  assert.is(drivers, 1);
  assert.equal('skew' in written && written.skew, { kind: 'uniform' });
  assert.equal('locks' in written && written.locks, { count: 10, holdMs: 0 });
  assert.is(written.root, '/load');
});

test('arrivals become what the driver does', () => {
  const modeOf = (arrivals: string) => parsed({ arrivals }).mode;
  assert.equal(modeOf('{ kind: closed, depth: 8 }'), { kind: 'closed', depth: 8 });
  assert.equal(modeOf('{ kind: poisson, ratePerSecond: 5.5 }'), {
    kind: 'open',
    ratePerSecond: 5.5,
    arrivals: 'poisson',
  });
  assert.equal(modeOf('{ kind: ramp, fromPerSecond: 1, toPerSecond: 9, overMs: 50, spacing: constant }'), {
    kind: 'profile',
    segments: [{ fromPerSecond: 1, toPerSecond: 9, forMs: 50 }],
    arrivals: 'constant',
  });
  assert.equal(modeOf('{ kind: step, steps: [{ ratePerSecond: 3, forMs: 7 }] }'), {
    kind: 'profile',
    segments: [{ fromPerSecond: 3, toPerSecond: 3, forMs: 7 }],
    arrivals: 'poisson',
  });
});

/** What is changed in a valid file, and what the message says. */
const BAD: readonly (readonly [Readonly<Record<string, string | undefined>>, RegExp])[] = [
  [{ description: undefined }, /description: missing; accepted is a text/],
  [{ operations: undefined }, /operations: missing/],
  [{ operations: '{}' }, /operations: \{\}; accepted is at least one operation with a weight above 0/],
  [{ operations: '{ getData: 0 }' }, /accepted is at least one operation with a weight above 0/],
  [{ operations: '{ getData: -1 }' }, /operations\.getData: -1; accepted is 0 or more/],
  [{ operations: '{ getData: many }' }, /operations\.getData: "many"; accepted is a number/],
  [{ operations: '{ getdata: 1 }' }, /operations: unknown key getdata; accepted are getData, exists/],
  [{ operations: '[getData]' }, /operations: \["getData"\]; accepted is keys with values/],
  [{ arrivals: undefined }, /arrivals: missing/],
  [
    { arrivals: '{ kind: burst }' },
    /arrivals\.kind: "burst"; accepted is closed, constant, poisson, ramp, step/,
  ],
  [{ arrivals: '{ ratePerSecond: 5 }' }, /arrivals\.kind: missing; accepted is closed, constant/],
  [{ arrivals: '{ kind: closed }' }, /arrivals\.depth: missing; accepted is a whole number/],
  [{ arrivals: '{ kind: closed, depth: 10001 }' }, /arrivals\.depth: 10001; accepted is 10000 or less/],
  [
    { arrivals: '{ kind: closed, depth: 1, rate: 2 }' },
    /arrivals: unknown key rate; accepted are kind, depth/,
  ],
  [{ arrivals: '{ kind: poisson, ratePerSecond: 0 }' }, /arrivals\.ratePerSecond: 0; accepted is/],
  [{ arrivals: '{ kind: step, steps: [] }' }, /arrivals\.steps: \[\]; accepted is/],
  [
    { arrivals: '{ kind: step, steps: [{ ratePerSecond: 1 }] }' },
    /arrivals\.steps\.0\.forMs: missing; accepted is a whole number/,
  ],
  [
    { arrivals: '{ kind: ramp, fromPerSecond: 1, toPerSecond: 2, overMs: 9, spacing: even }' },
    /arrivals\.spacing: "even"; accepted is poisson, constant/,
  ],
  [{ sessionsPerMember: '0' }, /sessionsPerMember: 0; accepted is 1 or more/],
  [{ sessionsPerMember: '1.5' }, /sessionsPerMember: 1\.5; accepted is a whole number/],
  [{ drivers: '3' }, /drivers: 3; accepted is at most sessionsPerMember, which is 2/],
  [{ drivers: '17' }, /drivers: 17; accepted is 16 or less/],
  [{ valueBytes: '1000001' }, /valueBytes: 1000001; accepted is 1000000 or less/],
  [{ valueBytes: 'big' }, /valueBytes: "big"; accepted is a number of bytes, or keys with kind/],
  [{ valueBytes: '{ kind: normal }' }, /valueBytes\.kind: "normal"; accepted is uniform, lognormal/],
  [{ valueBytes: '{ kind: uniform, min: 1 }' }, /valueBytes\.max: missing; accepted is a whole number/],
  [{ valueBytes: '{ kind: uniform, min: 9, max: 1 }' }, /valueBytes\.min 9: at most max, which is 1/],
  [
    { valueBytes: '{ kind: lognormal, median: 5, sigma: 9, max: 10 }' },
    /valueBytes\.sigma: 9; accepted is 5 or less/,
  ],
  [{ keyCount: '0' }, /keyCount: 0; accepted is 1 or more/],
  [{ keyCount: '2000000' }, /keyCount: 2000000; accepted is 1000000 or less/],
  [{ skew: '{ kind: zipfian }' }, /skew\.exponent: missing; accepted is a number/],
  [{ skew: '{ kind: hot, share: 0.5, keys: 10 }' }, /10 hot keys of 10: at least 1 and fewer than all/],
  [{ multiSize: '0' }, /multiSize: 0; accepted is 1 or more/],
  [{ operations: '{ multi: 1 }', valueBytes: '500000' }, /multiSize 4: at most 1,000,000 bytes in one multi/],
  [{ root: '/zookeeper' }, /root \/zookeeper: a path such as \/load, outside \/zookeeper/],
  [{ root: 'load' }, /root load: a path such as \/load/],
  [{ locks: '{ count: 0 }' }, /locks\.count: 0; accepted is 1 or more/],
  [{ locks: '{ holdMs: 60001 }' }, /locks\.holdMs: 60001; accepted is 60000 or less/],
  [{ watchedNodes: '0' }, /watchedNodes: 0; accepted is 1 or more/],
  [{ ballast: '{ nodes: 5 }' }, /ballast\.valueBytes: missing; accepted is a whole number/],
  [{ depth: '5' }, /unknown key depth; accepted are include, description, operations, arrivals/],
  [{ operations: '{ getData: 1' }, /w\.yaml/],
];

test(`each of ${BAD.length} wrong files is refused in one line that names the file, the key, its value and what is accepted`, () => {
  for (const [change, message] of BAD) {
    const text = yamlOf(change);
    try {
      parseWorkload(text, 'w', 'w.yaml');
    } catch (error) {
      assert.instance(error, UsageError, text);
      const said = (error as Error).message;
      assert.match(said, message, text);
      assert.match(said, /w\.yaml/);
      continue;
    }
    assert.unreachable(`accepted: ${text}`);
  }
});

test('steps that last longer in all than a load may are refused when the workload is read', () => {
  const steps = (...forMs: number[]) =>
    parsed({
      arrivals: `{ kind: step, steps: [${forMs.map(each => `{ ratePerSecond: 1, forMs: ${each} }`).join()}] }`,
    });
  assert.is(steps(86_399_999, 1).name, 'w');
  assert.throws(
    () => steps(86_399_999, 2),
    (error: Error) =>
      error instanceof UsageError &&
      /^w\.yaml:3: arrivals\.steps: 86400001 ms in all; accepted is at most 86400000 ms$/.test(error.message),
  );
});

test('a name that nobody has is answered with the names that there are', () => {
  assert.throws(
    () => readWorkload('fast'),
    /workload "fast": accepted are .*config-reads.*, or a \.yaml file/,
  );
});
