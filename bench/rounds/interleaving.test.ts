import { assert, suite } from '#test';
import { NO_EVENTS } from '../../results/events.ts';
import { Recorder } from '../measure/recorder.ts';
import { Interleaving, type Turn } from './interleaving.ts';

const test = suite('bench/rounds: interleaved rounds');
const WANTED = { rounds: 4, roundsMin: 1, share: 1 };

interface Played {
  readonly recorder: Recorder;
  readonly plan: Interleaving;
  /** `0 a`, by round. */
  readonly log: string[];
  readonly ending: AbortController;
  run(wanted?: typeof WANTED): Promise<string>;
}

/** Turns that record their round and then do what the test says. */
function play(
  names: readonly string[],
  then: Record<string, (round: number, played: Played) => unknown> = {},
): Played {
  const [recorder, ending] = [new Recorder(), new AbortController()];
  const base = { recorder, seed: 3, events: NO_EVENTS, signal: ending.signal };
  const plan = new Interleaving({ ...base, budgetMs: 1_000, elapsedMs: () => 0 });
  const log: string[] = [];
  const turns = names.map((name): Turn => {
    const measure = async (round: number) => {
      log.push(`${round} ${name}`);
      recorder.sample({ metric: 'm', topology: name, condition: 'c' }, round, round);
      await then[name]?.(round, played);
    };
    return { measure };
  });
  const played: Played = {
    recorder,
    plan,
    log,
    ending,
    run: (wanted = WANTED) => plan.rounds('writes', wanted, turns).then(() => 'done', String),
  };
  return played;
}

const roundsOf = ({ recorder }: Played) =>
  recorder
    .measured()
    .measurements.map(({ topology, samples }) => `${topology}: ${samples.map(({ round }) => round)}`);

test('each round has each turn once, and the next round reverses the order', async () => {
  const played = play(['a', 'b', 'c', 'd']);
  assert.is(await played.run(), 'done');
  const order = (round: number) =>
    played.log.filter(each => each.startsWith(`${round} `)).map(each => each.at(-1));
  assert.equal([...order(0)].sort(), ['a', 'b', 'c', 'd']);
  assert.equal(order(1), order(0).reverse());
  assert.is(played.plan.done, '4 of 4 rounds of writes');
});

test('an interrupted round is dropped completely, including the turns that were done', async () => {
  for (const name of ['a', 'b', 'c']) {
    const played = play(['a', 'b', 'c'], { [name]: (round, { ending }) => round === 2 && ending.abort() });
    assert.match(await played.run(), 'AbortError');
    assert.equal(roundsOf(played).sort(), ['a: 0,1', 'b: 0,1', 'c: 0,1'], `interrupted by ${name}`);
    assert.is(played.plan.done, '2 of 4 rounds of writes');
  }
});

test('a run interrupted in its first round has no complete round', async () => {
  const played = play(['a', 'b'], { a: (_, { ending }) => ending.abort() });
  assert.match(await played.run(), 'AbortError');
  assert.is(played.plan.done, undefined);
  assert.equal(roundsOf(played), []);
});

test('a turn that is not ready comes after the others of its round, and in order from then on', async () => {
  const played = play(['a', 'b']);
  let known = false;
  const late: Turn = {
    ready: () => known,
    measure: async round => void played.log.push(`${round} late`),
  };
  const others = ['a', 'b'].map(
    (name): Turn => ({
      async measure(round) {
        known = true;
        played.log.push(`${round} ${name}`);
      },
    }),
  );
  await played.plan.rounds('writes', { ...WANTED, rounds: 8 }, [late, ...others]);
  assert.is(played.log[2], '0 late');
  assert.ok(
    [1, 2, 3, 4, 5, 6, 7].some(round => played.log[3 * round] === `${round} late`),
    'it begins a round too',
  );
});

test('a turn that never becomes ready is still taken, so that what it misses is recorded', async () => {
  const played = play(['a']);
  const never: Turn = {
    ready: () => false,
    measure: async round => void played.log.push(`${round} never`),
  };
  await played.plan.rounds('writes', { ...WANTED, rounds: 2 }, [never]);
  assert.equal(played.log, ['0 never', '1 never']);
});
