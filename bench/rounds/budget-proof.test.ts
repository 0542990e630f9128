import { assert, suite } from '#test';
import { budgetShares, overBudget, spoiltByMachine } from './budget-proof.ts';

const test = suite('bench/rounds: proof of CPU budgets');

test('a window counts when the leader used up its budget and the machine had time left', () => {
  assert.equal(overBudget({ throttled: 0.8, idle: 0.15, steal: 0.02 }), []);
  assert.equal(overBudget({ throttled: 0.95, idle: undefined, steal: undefined }), []);
});

test('planted: a leader that the budget did not bound, a busy machine, and a stolen core void a window', () => {
  const fine = { throttled: 0.95, idle: 0.5, steal: 0 };
  const reasonOf = (planted: Partial<typeof fine>) => overBudget({ ...fine, ...planted }).join('; ');
  assert.is(
    reasonOf({ throttled: 0.79 }),
    'the leader used up its CPU budget in 79 % of the periods, at least 80 % are needed: it waited for something else than CPU',
  );
  assert.equal(overBudget({ throttled: 0.2, idle: 0.1, steal: 0 }), [
    'the leader used up its CPU budget in 20 % of the periods, at least 80 % are needed',
    'the machine was idle for 10 % of the time, at least 15 % are needed',
  ]);
  assert.not.match(overBudget({ throttled: 0.2, idle: undefined, steal: undefined }).join(), /waited/);
  assert.is(reasonOf({ idle: 0.1 }), 'the machine was idle for 10 % of the time, at least 15 % are needed');
  assert.match(reasonOf({ steal: 0.05 }), /another machine had the cores for 5 % of the time/);
  assert.is(overBudget({ throttled: 0, idle: 0, steal: 1 }).length, 3);
});

test('under a fault a leader that stands still is no reason, and a busy machine is', () => {
  const stopped = { throttled: 0, idle: 0.9, steal: 0 };
  assert.equal(spoiltByMachine(stopped), []);
  assert.is(overBudget(stopped).length, 1);
  assert.match(spoiltByMachine({ ...stopped, idle: 0 }).join(), /^the machine was idle for 0 %/);
});

test('shares are those of the window alone; without budgets nothing is to be proven', () => {
  let use = { periods: 100, throttled: 90 };
  let ticks = { idle: 1_000, steal: 0, all: 5_000 };
  const host = { machineTicks: () => ticks };
  const end = budgetShares([{ cores: 0.1, use: () => use, lift: () => {} }], host);
  use = { periods: 200, throttled: 115 };
  ticks = { idle: 1_200, steal: 10, all: 6_000 };
  assert.equal(end(), { throttled: 0.25, idle: 0.2, steal: 0.01 });
  assert.equal(overBudget({ ...budgetShares([], host)(), idle: 0 }), []);
});

test('of several members, the one that its budget bound least decides, and the reason says who it may be', () => {
  let throttled = 0;
  const budget = (share: number) => ({
    cores: 0.1,
    use: () => ({ periods: throttled, throttled: throttled * share }),
    lift: () => {},
  });
  const end = budgetShares([budget(0.95), budget(0.5)], { machineTicks: () => null });
  throttled = 100;
  const shares = { ...end(), idle: undefined, steal: undefined };
  assert.match(overBudget(shares, 'an observer').join(), /^an observer used up its CPU budget in 50 %/);
});
