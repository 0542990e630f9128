import { z } from 'zod';
import { BANK } from '../checkers/bank.ts';
import { ask, askAll, type Recipe } from './recipe.ts';
import { type Actor, recipeShape, startRecipes } from './start-recipes.ts';
import type { Workload } from './workload.ts';

const schema = z.strictObject({ ...recipeShape, accounts: z.int().min(2).max(100).default(6) });

type BankOptions = z.infer<typeof schema>;

const OPENING_BALANCE = 100;
const TRANSFER_MAX = 20;

/** Clients move money between accounts with multis, and read all accounts at once. */
export const bank: Workload<BankOptions> = {
  name: 'bank',
  description: 'money is moved between accounts by multis, on the versions that were read',
  schema,
  judgedBy: ['bank', 'session order', 'write order', 'linearizability'],
  setup: () => [BANK],
  registers: () => [],
  start(world, options) {
    const accounts = Array.from({ length: options.accounts }, (_, at) => `${BANK}/a${at}`);
    const readAll = () => accounts.map(path => ({ f: 'getData' as const, path }));
    const turn = ({ random }: Actor) =>
      function* (): Recipe {
        const from = random.pick(accounts);
        const to = random.pick(accounts.filter(each => each !== from));
        const [debit, credit] = yield* askAll([from, to].map(path => ({ f: 'getData' as const, path })));
        if (debit?.type !== 'ok' || credit?.type !== 'ok') return;
        if (debit.completion.version === undefined) {
          const opening = { f: 'create' as const, value: `${OPENING_BALANCE}` };
          yield* ask({ f: 'multi', path: BANK, parts: accounts.map(path => ({ ...opening, path })) });
          return;
        }
        const balance = Number(debit.completion.value);
        const amount = Math.min(balance, 1 + random.below(TRANSFER_MAX));
        if (amount > 0 && credit.completion.version !== undefined) {
          const paid = { path: from, value: `${balance - amount}`, version: debit.completion.version };
          const got = {
            path: to,
            value: `${Number(credit.completion.value) + amount}`,
            version: credit.completion.version,
          };
          yield* ask({
            f: 'multi',
            path: BANK,
            parts: [paid, got].map(part => ({ f: 'setData' as const, ...part })),
          });
        }
        // All leave together, so mostly no transaction comes between them.
        if (random.chance(0.3)) yield* askAll(readAll());
      };
    return startRecipes(world, options, turn, readAll);
  },
};
