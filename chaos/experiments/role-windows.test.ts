import { assert, suite } from '#test';
import { latencyTurns } from './role-windows.ts';

const test = suite('chaos/experiments: windows of roles');

test('the condition of slow observer links is named for the latency of the suite', async () => {
  const measured: string[] = [];
  const options = {
    suite: { observerLatency: { ms: 7, jitterMs: 2 }, roles: { starts: 1, rounds: 1 }, load: {} },
    cells: { measure: async ({ condition }: { condition: string }) => measured.push(condition) },
    lab: {},
    recorder: {},
  };
  const turns = latencyTurns(options as never, [{ name: 'observers' }] as never, 0);
  for (const { measure } of turns) await measure(0);
  assert.equal(measured, ['healthy', 'observer latency 7±2 ms']);
});
