import { assert, suite } from '#test';
import { minimalResult } from './fixtures/minimal.ts';
import { resultSchema, type Timeline } from './schema.ts';

const test = suite('results: schema');

function problemsOf(change: (result: ReturnType<typeof minimalResult>) => unknown): string {
  const result = minimalResult();
  change(result);
  const parsed = resultSchema.safeParse(result);
  return parsed.success
    ? ''
    : parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('\n');
}

test('a minimal result is accepted', () => {
  assert.equal(resultSchema.parse(minimalResult()), minimalResult());
});

test('a result survives JSON', () => {
  assert.equal(resultSchema.parse(JSON.parse(JSON.stringify(minimalResult()))), minimalResult());
});

test('an unknown key is refused by name, wherever it stands', () => {
  assert.match(
    problemsOf(result => Object.assign(result, { extra: 1 })),
    /extra/,
  );
  assert.match(
    problemsOf(result => Object.assign(result.claims[0]!, { verdit: 'holds' })),
    /claims\.0.*verdit/,
  );
});

test('an unknown verdict is refused, and the error lists what is accepted', () => {
  assert.match(
    problemsOf(result => Object.assign(result.claims[0]!, { verdict: 'passes' })),
    /not shown here/,
  );
});

test('a number that JSON would turn into null is refused', () => {
  assert.match(
    problemsOf(result => (result.measurements[0]!.samples[0]!.value = Number.NaN)),
    /samples\.0\.value/,
  );
  assert.match(
    problemsOf(result => (result.measurements[0]!.summary.high = Number.POSITIVE_INFINITY)),
    /summary\.high/,
  );
});

test('evidence that was not measured is refused', () => {
  assert.match(
    problemsOf(result => result.claims[0]!.evidence.push('m9')),
    /evidence\.1: no measurement "m9"/,
  );
});

test('an unlisted topology is refused, and the error lists the topologies', () => {
  assert.match(
    problemsOf(result => (result.measurements[0]!.topology = 'v5')),
    /no topology "v5", only voters/,
  );
});

test('an id used twice is refused', () => {
  assert.match(
    problemsOf(result => result.measurements.push(result.measurements[0]!)),
    /"m1" is used twice/,
  );
  assert.match(
    problemsOf(result => result.claims.push(result.claims[0]!)),
    /"W1" is used twice/,
  );
});

const TIMELINE: Timeline = {
  topology: 'voters',
  condition: 'healthy',
  round: 0,
  load: 'writes, closed loop',
  startedAt: '2026-08-01T02:30:10.000Z',
  bucketMs: 50,
  series: [{ name: 'done', unit: 'writes/s', values: [1, null, 3] }],
  bands: [],
};

test('a timeline has the width of its buckets, and no more values than can be drawn', () => {
  const problems = (change: Partial<Timeline>) =>
    problemsOf(result => result.timelines.push({ ...TIMELINE, ...change }));
  assert.is(problems({}), '');
  assert.match(problems({ bucketMs: 0 }), /timelines\.0\.bucketMs/);
  const values = Array.from({ length: 513 }, () => 1);
  assert.match(problems({ series: [{ name: 'done', unit: 'writes/s', values }] }), /series\.0\.values/);
});

test('runs without timelines and bands without names, from older versions, are still read', () => {
  const band = { fault: 'blackhole', links: ['v1.v2.quorum'], fromMs: 309, toMs: 3529, proof: 'silence' };
  const change = (result: ReturnType<typeof minimalResult>) =>
    result.availability.push({
      ...{ topology: 'voters', condition: 'leader cut', role: 'follower', member: 's1', percent: 87.4 },
      ...{ probes: 199, round: 0, spans: [], bands: [band] },
    });
  assert.is(problemsOf(change), '');
  assert.equal(minimalResult().timelines, []);
});

test('without samples the whole summary may be null, with n 0', () => {
  const none = { median: null, low: null, high: null, n: 0, warnings: ['the leader never came back'] };
  assert.is(
    problemsOf(result => Object.assign(result.measurements[0]!, { samples: [], summary: none })),
    '',
  );
});
