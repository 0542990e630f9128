import { assert, suite, until } from '#test';
import type { Ensemble } from '../../bench/topology/ensemble.ts';
import type { Toxiproxy } from '../toxiproxy/toxiproxy.ts';
import { whyLost } from '../toxiproxy/watch.ts';
import { RunWatch } from './run-watch.ts';

const test = suite('chaos/schedules: the watch');

function watched() {
  const ensemble = { members: [], deaths: [] } as unknown as Ensemble;
  const toxiproxy = {
    ...{ kind: 'stand-in', url: 'http://127.0.0.1:1', pid: 7 },
    exit: () => 'signal SIGKILL',
  } as unknown as Toxiproxy;
  return { meshed: { ensemble, whyLost: () => whyLost(toxiproxy) } };
}

test('a Toxiproxy that ended is named within 2 s, and the chaos is cut', async () => {
  const { meshed } = watched();
  const told: string[] = [];
  const startedMs = performance.now();
  const watch = new RunWatch(meshed, text => void told.push(text), new AbortController().signal);
  await until(() => watch.cut.aborted, { deadlineMs: 5_000, what: 'the cut' });
  assert.ok(performance.now() - startedMs < 2_000);
  assert.match(
    watch.lost ?? '',
    /^the stand-in for Toxiproxy at .* \(process 7\) ended by itself with signal SIGKILL$/,
  );
  assert.equal(told, [watch.lost]);
  await watch.stop();
});

test('an interruption from outside cuts it, and nothing is said to have ended', async () => {
  const { meshed } = watched();
  const interruption = new AbortController();
  const watch = new RunWatch(meshed, () => {}, interruption.signal);
  interruption.abort();
  assert.ok(watch.cut.aborted);
  await watch.stop();
  assert.equal(watch.ended, []);
});
