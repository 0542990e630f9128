import { assert, suite } from '#test';
import { comparedWith, earlierFindings, type Found, type NightPart, nightCode } from './night.ts';

const test = suite('results: nights');

const [YESTERDAY, TODAY] = ['2026-08-01T02:00:00.000Z', '2026-08-02T02:00:00.000Z'];
const found = (key: string, known?: string): Found => ({
  ...{ part: 'chaos', key, reasons: ['why'], isConfirmed: true },
  ...(known !== undefined && { known }),
});
const part = (outcome: NightPart['outcome'], name: NightPart['part'] = 'chaos'): NightPart => ({
  ...{ part: name, outcome, seconds: 1, text: 'x' },
});
const night = (
  last: readonly string[],
  today: readonly Found[],
  known: readonly string[] = [],
  parts = [part('failed')],
) => {
  const before = comparedWith(
    last.map(key => found(key)),
    parts,
    { earlier: [], known: [], startedAt: YESTERDAY },
  );
  const compared = comparedWith(today, parts, {
    earlier: before.findings,
    known: known.map(key => ({ key, reason: 'a ticket' })),
    startedAt: TODAY,
  });
  return {
    findings: compared.findings.map(({ key, status, since }) => `${key} ${status} ${since.slice(0, 10)}`),
    mended: compared.mended.map(({ key }) => key),
    code: nightCode({ ...compared, parts }),
  };
};

test('a failure is new, or still there since its first night, or mended', () => {
  assert.equal(night(['a', 'b'], [found('b'), found('c')]), {
    findings: ['b still 2026-08-01', 'c new 2026-08-02'],
    mended: ['a'],
    code: 1,
  });
});

test('a known failure fails no night, by its own word or by the list, which may have patterns', () => {
  assert.equal(night([], [found('claim 1', 'a reason')]).code, 0);
  assert.equal(night([], [found('sim: a (b) leader')], ['sim: a (b) *']), {
    findings: ['sim: a (b) leader known 2026-08-02'],
    mended: [],
    code: 0,
  });
  assert.is(night([], [found('sim: aXb')], ['sim: a.b']).code, 1);
});

test('what was not run today is not called mended', () => {
  assert.equal(night(['a'], [], [], [part('skipped'), part('passed', 'sim')]).mended, []);
  assert.equal(night(['a'], [], [], [part('void')]), { findings: [], mended: [], code: 3 });
});

test('failures of a part are compared with the latest night that ran it, and what is undecided is not mended', () => {
  const claim = { ...found('claims: 004-2'), part: 'claims' as const };
  const on = (
    parts: readonly NightPart[],
    today: readonly Found[],
    earlier: Parameters<typeof earlierFindings>[0],
  ) => ({
    parts: [...parts],
    ...comparedWith(today, parts, { earlier: earlierFindings(earlier), known: [], startedAt: TODAY }),
  });
  const first = on([part('failed', 'claims'), part('passed', 'sim')], [claim], []);
  const without = on([part('void', 'claims'), part('skipped'), part('failed', 'sim')], [], [first]);
  assert.equal(without.mended, []);
  const again = on([part('failed', 'claims')], [claim], [without, first]);
  assert.equal(
    again.findings.map(({ status }) => status),
    ['still'],
  );
  assert.equal(
    on([part('passed', 'claims')], [], [without, first]).mended.map(({ key }) => key),
    [claim.key],
  );
  const undecided = { earlier: first.findings, undecided: [claim.key], known: [], startedAt: TODAY };
  assert.equal(comparedWith([], [part('passed', 'claims')], undecided).mended, []);
  const seed = { ...found('sim: a leader'), part: 'sim' as const };
  const seeds = on([part('failed', 'sim')], [seed], [first]);
  assert.equal(
    seeds.findings.map(({ status }) => status),
    ['new'],
  );
  assert.equal(
    on([part('passed', 'sim')], [], [seeds, first]).mended.map(({ key }) => key),
    [seed.key],
  );
});

test('a void part or an interruption voids a night without failures, and a skipped part does not', () => {
  const codeOf = (...parts: NightPart[]) => nightCode({ findings: [], parts });
  assert.is(codeOf(part('passed'), part('skipped')), 0);
  assert.is(codeOf(part('passed'), part('void')), 3);
  assert.is(codeOf(part('skipped')), 3);
  assert.is(nightCode({ findings: [], parts: [part('passed')], interrupted: true }), 3);
});
