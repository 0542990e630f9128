import { assert, suite } from '#test';
import { fitCosts } from '../../../bench/prediction/cost-model.ts';
import type { Question } from '../../../bench/prediction/forecast.ts';
import type { StoredCosts } from '../../../bench/prediction/predict.ts';
import { syntheticWindows } from '../../../bench/prediction/prediction.test-kit.ts';
import { WORK_KINDS } from '../../../bench/prediction/work.ts';
import { minimalResult } from '../../../results/fixtures/minimal.ts';
import { secondOpinion } from './second-opinion.ts';

const test = suite('simulation: a second opinion');

const WINDOWS = syntheticWindows();
const FEW = 5;
const MODEL = fitCosts(WINDOWS, FEW);
const QUESTION: Question = {
  shape: { voters: 1, observers: 1, masters: false },
  load: { ratePerSecond: 200, valueBytes: 100, clients: 'leader', sessions: 4 },
  machines: { coresPerMember: 1, nicBytesPerSecond: 125e6, rttMs: 0.2, fsyncMs: 0.1 },
};

function costs(factor: number): StoredCosts {
  const charged = Object.fromEntries(WORK_KINDS.map(kind => [kind, MODEL.costs[kind] * factor]));
  const result = minimalResult();
  return {
    result: { ...result, environment: { ...result.environment, diskSyncMedianUs: 600, loopbackRttUs: 60 } },
    // One small cell at a low rate is enough, and quick.
    windows: WINDOWS.filter(({ topology, ratePerSecond }) => topology === 'voters=1' && ratePerSecond < 500),
    model: { ...MODEL, costs: charged as typeof MODEL.costs },
  };
}

test('it reproduces a measured cell, and then answers the question', () => {
  const { text, document } = secondOpinion(QUESTION, costs(1));
  const { medianError, result, refusal } = document as { medianError: number; result: object; refusal: null };
  assert.ok(medianError < 0.15, text);
  assert.is(refusal, null);
  assert.ok(result !== null);
  assert.match(text, /simulated prediction for voters=1 observers=1 at 200 writes\/s/);
});

test('with costs that are not those of the measured cells it refuses to answer', () => {
  const { text } = secondOpinion(QUESTION, costs(2));
  assert.match(text, /no simulated prediction: it misses the measured cells by \d+ % in the median/);
});

test('an ensemble that is too large for it is refused', () => {
  const shape = { voters: 5, observers: 300, masters: true };
  const { text } = secondOpinion({ ...QUESTION, shape }, costs(1));
  assert.match(text, /305 members are too many for it; accepted are at most 255/);
});
