import { readFileSync } from 'node:fs';
import { assert, suite, temporaryFolder } from '#test';
import { sim } from './sim-command.ts';

const test = suite('simulation: zklab sim');

/** Runs it. `progress` is called for each seed. */
async function ran(options: object, progress: (text: string) => void = () => {}) {
  const [out, errors]: string[][] = [[], []];
  const ending = new AbortController();
  const terminal = {
    print: (text: string) => void out!.push(text),
    progress,
    json: () => {},
    error: (text: string) => void errors!.push(text),
    end: () => {},
  };
  const code = await sim(terminal, {
    folder: temporaryFolder(),
    signal: ending.signal,
    ...options,
  });
  return { code, out: out!.join('\n'), errors: errors!.join('\n') };
}

test('Ctrl-C after some seeds exits as void, because not all seeds ran', async () => {
  const ending = new AbortController();
  const { code, out } = await ran({ seeds: 5, workers: 1, signal: ending.signal }, () => ending.abort());
  assert.is(code, 3, out);
  assert.match(out, /^1 passed, 0 failed/);
  assert.match(out, 'ended early');
});

test('a single voter with an observer passes; a single member is refused, because nobody could disagree with it', async () => {
  assert.is((await ran({ seeds: 1, voters: 1 })).code, 0);
  const alone = await ran({ seeds: 1, voters: 1, observers: 0 }).catch(String);
  assert.match(String(alone), '--voters 1 --observers 0: nobody could disagree with a single member');
});

test('a plan is replayed with its trace, and Ctrl-C ends a replay', async () => {
  const replay = 'chaos/simulation/regressions/crash-behind-snap.plan.json';
  const { code, out } = await ran({ replay });
  assert.is(code, 0, out);
  assert.match(
    readFileSync(/trace: (.*)$/m.exec(out)?.[1] ?? '', 'utf8'),
    /world +passed after \d+ events\n$/,
  );
  const cut = await ran({ replay, signal: AbortSignal.abort() });
  assert.is(cut.code, 3, cut.out);
  assert.match(cut.errors, 'the replay was interrupted');
});
