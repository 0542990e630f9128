import { assert, suite } from '#test';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { ResourceSample } from '../checkers/run-record.ts';
import { labPart } from './lab-part.ts';

const test = suite('chaos/nights: the process of the lab');
const MIB = 1024 * 1024;

function samples(
  hours: number,
  perHour: number,
  fromMs = 0,
  member = 'zklab itself in chaos',
): ResourceSample[] {
  const random = new SeededRandom(1);
  return Array.from({ length: hours * 360 }, (_, at) => ({
    ...{ timeMs: fromMs + at * 10_000, member, pid: 1, handles: 40, logBytes: 0 },
    rssBytes: 300 * MIB + (at / 360) * perHour + random.between(-20 * MIB, 20 * MIB),
  }));
}

test('a night of a lab that grows fails with the slope; one that does not names it', () => {
  const { part, found } = labPart(samples(5, 100 * MIB));
  assert.is(part.outcome, 'failed');
  assert.equal(
    found.map(({ key }) => key),
    ['lab: zklab itself in chaos: memory grows'],
  );
  assert.match(found[0]!.reasons[0] ?? '', /grows by (99|100|101)\.\d MiB per hour/);
  const steady = labPart(samples(5, 0)).part;
  assert.is(steady.outcome, 'passed');
  assert.match(steady.text, /memory grows by -?\d/);
});

test('a part that needs more than the one before is no growth', () => {
  const sim = samples(2, 0, 5 * 3_600_000, 'zklab itself in sim').map(sample => ({
    ...sample,
    rssBytes: sample.rssBytes + 900 * MIB,
  }));
  assert.is(labPart([...samples(5, 0), ...sim]).part.outcome, 'passed');
});

test('a short night says that it is too short', () => {
  const { part, found } = labPart(samples(0.2, 500 * MIB));
  assert.equal([part.outcome, found], ['skipped', []]);
});
