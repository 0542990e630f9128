import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { TURN_MS, TURN_UNITS, type TurnBudget } from './turn-budget.ts';
import { TurnQueue, type TurnWorker } from './turn-queue.ts';

const test = suite('processors: whose turn it is');

/** Work in pieces of some units each; every piece leaves a line in `did`. */
class Worker implements TurnWorker {
  turnTag = 0;
  inLine = false;
  pieces = 0;
  readonly name: string;
  readonly #units: number;
  readonly #did: string[];
  timesLined = 0;

  constructor(name: string, units: number, did: string[]) {
    this.name = name;
    this.#units = units;
    this.#did = did;
  }

  lined(): void {
    this.timesLined++;
  }

  work(budget: TurnBudget): boolean {
    while (this.pieces > 0) {
      this.pieces--;
      this.#did.push(this.name);
      budget.spend(this.#units);
      if (this.pieces > 0 && budget.sliceIsOver) return true;
    }
    return false;
  }
}

class Bench {
  readonly clock: VirtualClock;
  readonly queue: TurnQueue;
  readonly did: string[] = [];

  /** `turnMs`: how long each turn keeps the process busy. */
  constructor(turnMs = 0) {
    this.clock = new VirtualClock(undefined, { turnMs: () => turnMs });
    this.queue = new TurnQueue(this.clock);
  }

  worker(name: string, units: number): Worker {
    return new Worker(name, units, this.did);
  }

  /** Each of them gets that many pieces of input, all in one turn. */
  inOneTurn(...inputs: readonly (readonly [worker: Worker, pieces: number])[]): void {
    this.clock.after(1, () => this.arrive(...inputs));
  }

  arrive(...inputs: readonly (readonly [worker: Worker, pieces: number])[]): void {
    for (const [worker, pieces] of inputs) {
      worker.pieces += pieces;
      this.queue.arrived(worker, this.clock.monotonicMs());
    }
  }

  /** What was done, by turn. */
  turns(): string[][] {
    const turns: string[][] = [];
    const push = this.did.push.bind(this.did);
    this.did.push = (...names) => {
      const at = this.clock.turns;
      turns[at] ??= [];
      turns[at].push(...names);
      return push(...names);
    };
    this.clock.runUntilIdle();
    return turns.filter(turn => turn !== undefined);
  }
}

const HALF_TURN = TURN_UNITS / 2;

test('work that fits into a turn is done on arrival, without queueing', () => {
  const bench = new Bench();
  const [a, b] = [bench.worker('a', 1), bench.worker('b', 1)];
  bench.inOneTurn([a, 3], [b, 2]);
  assert.equal(bench.turns(), [['a', 'a', 'a', 'b', 'b']]);
  assert.equal([a.timesLined, b.timesLined], [0, 0]);
});

test('longer work continues in later turns, one budget in each', () => {
  const bench = new Bench();
  bench.inOneTurn([bench.worker('a', HALF_TURN), 7]);
  assert.equal(bench.turns(), [['a', 'a'], ['a', 'a'], ['a', 'a'], ['a']]);
});

test('a worker that arrives after the turn is over comes first in the next, before those that had their slice', () => {
  const bench = new Bench();
  const greedy = bench.worker('greedy', HALF_TURN);
  const quiet = bench.worker('quiet', 1);
  bench.inOneTurn([greedy, 6], [quiet, 1]);
  const turns = bench.turns();
  assert.equal(turns[0], ['greedy', 'greedy']);
  assert.is(turns[1]![0], 'quiet');
});

test('a worker that arrives while others wait for a second slice is served on arrival', () => {
  const bench = new Bench();
  const greedy = Array.from({ length: 50 }, (_, i) => bench.worker(`greedy ${i}`, HALF_TURN));
  const quiet = bench.worker('quiet', 1);
  bench.inOneTurn(...greedy.map(each => [each, 10] as const));
  let askedAt = -1;
  bench.clock.after(1, () => {
    askedAt = bench.did.length;
    bench.arrive([quiet, 1]);
  });
  bench.clock.runUntilIdle();
  assert.is(bench.did.indexOf('quiet'), askedAt);
  assert.is(bench.did.length, 501);
});

test('a worker that has had much and asks again queues behind those that wait for less', () => {
  const bench = new Bench();
  const [a, b] = [bench.worker('a', HALF_TURN), bench.worker('b', HALF_TURN)];
  bench.inOneTurn([a, 4], [b, 4]);
  bench.clock.after(1, () => {
    if (!a.inLine) bench.arrive([a, 4]);
  });
  bench.clock.runUntilIdle();
  const counts = { a: 0, b: 0 };
  for (const name of bench.did.slice(0, 8)) counts[name as 'a' | 'b']++;
  assert.ok(Math.abs(counts.a - counts.b) <= 2, JSON.stringify(counts));
});

test('in a turn that others have used up, waiting workers get one slice all the same', () => {
  const bench = new Bench();
  const waiting = bench.worker('waiting', HALF_TURN);
  bench.inOneTurn([waiting, 10]);
  const served = () => bench.did.filter(name => name === 'waiting').length;
  let newcomers = 0;
  const next = () => {
    bench.arrive([bench.worker(`newcomer ${newcomers++}`, TURN_UNITS), 1]);
    if (served() < 10) bench.clock.inNextTurn(next);
  };
  bench.clock.after(1, next);
  bench.clock.runUntilIdle(10_000);
  assert.is(served(), 10);
  assert.ok(newcomers < 15, `${newcomers} came before it was done`);
});

test('a worker woken by the work of another is called at the end of the turn, not within', () => {
  const bench = new Bench();
  const other = bench.worker('other', 1);
  const log = bench.did;
  const waker: TurnWorker = {
    turnTag: 0,
    inLine: false,
    lined() {},
    work: () => {
      log.push('waker begins');
      other.pieces = 1;
      bench.queue.wake(other);
      log.push('waker ends');
      return false;
    },
  };
  bench.clock.after(1, () => bench.queue.arrived(waker, 0));
  bench.clock.after(1, () => log.push('next turn'));
  bench.clock.runUntilIdle();
  assert.equal(log, ['waker begins', 'waker ends', 'other', 'next turn']);
});

test('a worker that is woken by its own work comes once more', () => {
  const bench = new Bench();
  let calls = 0;
  const worker: TurnWorker = {
    turnTag: 0,
    inLine: false,
    lined() {},
    work: () => {
      if (++calls < 3) bench.queue.wake(worker);
      return false;
    },
  };
  bench.clock.after(1, () => bench.queue.arrived(worker, 0));
  bench.clock.runUntilIdle();
  assert.is(calls, 3);
});

const ASKS = 20;

/** The longest wait, in turns, of a worker that asks for one piece among others with these loads. */
function worstWait(loads: readonly (readonly [units: number, pieces: number])[], askEveryMs: number): number {
  const bench = new Bench(TURN_MS);
  const others = loads.map(([units], i) => bench.worker(`other ${i}`, units));
  bench.inOneTurn(...others.map((each, i) => [each, loads[i]![1]] as const));
  const quiet = bench.worker('quiet', 1);
  let worst = 0;
  let asks = 0;
  const ask = () => {
    const askedAt = bench.clock.turns;
    bench.arrive([quiet, 1]);
    const look = () => {
      if (quiet.pieces > 0) {
        bench.clock.inNextTurn(look);
        return;
      }
      worst = Math.max(worst, bench.clock.turns - askedAt);
      if (++asks < ASKS) bench.clock.after(askEveryMs, ask);
    };
    look();
  };
  bench.clock.after(1, ask);
  bench.clock.runUntilIdle();
  return worst;
}

test('property: a worker that asks for little waits at most until all earlier ones have had one slice', () => {
  const load = fc.tuple(fc.integer({ min: 1, max: TURN_UNITS }), fc.integer({ min: 1, max: 400 }));
  fc.assert(
    fc.property(fc.array(load, { maxLength: 60 }), fc.nat(3), (loads, askEvery) => {
      const worst = worstWait(loads, askEvery);
      const slice = TURN_UNITS / (loads.length + 1);
      const round = loads.reduce((sum, [units]) => sum + slice + units, 0);
      assert.ok(worst <= 2 + round / TURN_UNITS, `${worst} turns`);
    }),
    { numRuns: 60 },
  );
});

test('many workers that have had slices delay a small request by one turn, not by one turn each', () => {
  const loads = Array.from({ length: 200 }, () => [TURN_UNITS / 200, 1000] as const);
  assert.ok(worstWait(loads, TURN_MS) <= 3, 'the first time, when all came first');
});

test('property: everything is done once, in the order of its worker', () => {
  const load = fc.tuple(fc.integer({ min: 1, max: TURN_UNITS * 2 }), fc.integer({ min: 1, max: 50 }));
  fc.assert(
    fc.property(fc.array(load, { minLength: 1, maxLength: 30 }), loads => {
      const bench = new Bench();
      const workers = loads.map(([units], i) => bench.worker(String(i), units));
      for (const [i, worker] of workers.entries()) bench.inOneTurn([worker, loads[i]![1]]);
      bench.clock.runUntilIdle();
      for (const [i, [, pieces]] of loads.entries())
        assert.is(bench.did.filter(name => name === String(i)).length, pieces);
      assert.is(bench.queue.waiting, 0);
    }),
  );
});
