import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { bucketMsFor, TimelineRecorder } from './timeline.ts';

const test = suite('bench: timeline');
const START_MS = 1_000;

test('a completion counts in the bucket in which it ended, an intended start in the bucket in which it was due', () => {
  const at = fc.integer({ min: 0, max: 999 });
  fc.assert(
    fc.property(fc.array(at), fc.array(at), fc.array(at), (oks, errors, intended) => {
      const recorder = new TimelineRecorder(START_MS, 100);
      for (const ms of oks) recorder.ok(START_MS + ms, 7);
      for (const ms of errors) recorder.error(START_MS + ms);
      for (const ms of intended) recorder.intended(START_MS + ms);
      const { buckets, outside } = recorder.toTimeline(START_MS + 1_000);
      assert.is(outside, 0);
      assert.is(buckets.length, 10);
      const due = (all: readonly number[], index: number) =>
        all.filter(ms => Math.floor(ms / 100) === index).length;
      for (const [index, bucket] of buckets.entries()) {
        assert.is(bucket.ok, due(oks, index));
        assert.is(bucket.errors, due(errors, index));
        assert.is(bucket.intended, due(intended, index));
        assert.is(bucket.latencyMaxUs, bucket.ok === 0 ? undefined : 7);
      }
    }),
  );
});

test('silence until the end of the window gives empty buckets; an incomplete bucket is left out', () => {
  const recorder = new TimelineRecorder(START_MS, 100);
  recorder.ok(START_MS + 20, 5);
  recorder.ok(START_MS + 420, 5);
  assert.equal(
    recorder.toTimeline(START_MS + 450).buckets.map(({ ok }) => ok),
    [1, 0, 0, 0],
  );
});

test('a window that ends a fraction early keeps its last bucket', () => {
  const startMs = 1_234.567_8;
  for (const earlyMs of [0, 1e-9, 0.9])
    assert.is(new TimelineRecorder(startMs, 50).toTimeline(startMs + 300 - earlyMs).buckets.length, 6);
});

test('a median needs 10 in its bucket, a 99th percentile 1,000', () => {
  const ofSamples = (count: number) => {
    const recorder = new TimelineRecorder(START_MS, 50);
    for (let us = 1; us <= count; us++) recorder.ok(START_MS, us);
    return recorder.toTimeline(START_MS + 50).buckets[0]!;
  };
  assert.equal(ofSamples(9), { intended: 0, ok: 9, errors: 0, latencyMaxUs: 9 });
  assert.is(ofSamples(11).latencyP50Us, 6);
  assert.is(ofSamples(999).latencyP99Us, undefined);
  assert.is(ofSamples(1_000).latencyP99Us, 990);
});

test('a timeline is bounded, and counts what it did not keep', () => {
  const recorder = new TimelineRecorder(START_MS, 10);
  recorder.ok(START_MS - 1, 1);
  recorder.error(START_MS + 86_400_000);
  const { buckets, outside } = recorder.toTimeline(START_MS + 86_400_000);
  assert.is(outside, 2);
  assert.is(buckets.length, 256);
});

test('for any duration the buckets are few enough to draw and at least 50 ms wide', () => {
  assert.equal([0, 700, 3_000, 3_001, 60_000, 3_600_000].map(bucketMsFor), [50, 50, 50, 100, 1_000, 100_000]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 86_400_000 }), durationMs => {
      const buckets = durationMs / bucketMsFor(durationMs);
      assert.ok(buckets <= 60 && (buckets > 20 || bucketMsFor(durationMs) === 50), `${buckets} buckets`);
    }),
  );
});
