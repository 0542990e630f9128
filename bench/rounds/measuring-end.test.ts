import { assert, suite } from '#test';
import type { EventDraft } from '../../results/events.ts';
import type { MachineUse } from '../../results/schema.ts';
import { EnsembleError } from '../topology/ensemble-error.ts';
import { UsageError } from '../usage-error.ts';
import type { Interleaving } from './interleaving.ts';
import { measureToTheEnd, validityOf } from './measuring-end.ts';

const test = suite('bench: how measuring ends');

const USE = {} as MachineUse;

/** What became of a run whose measuring ends with `error` when `done` is complete. */
async function ended(error: Error | undefined, done: string | undefined, isInterrupted = false) {
  const interruption = new AbortController();
  const said: EventDraft[] = [];
  const steps: string[] = [];
  const end = await measureToTheEnd({
    plan: { done } as Interleaving,
    events: { emit: event => said.push(event) },
    signal: interruption.signal,
    async measure() {
      if (isInterrupted) interruption.abort();
      if (error !== undefined) throw error;
    },
    abortLoads: () => steps.push('aborted'),
    takeDown: async () => {
      steps.push('taken down');
      return USE;
    },
  }).catch((thrown: Error) => thrown);
  return { end, steps, notes: said.flatMap(event => (event.kind === 'note' ? [event.text] : [])) };
}

test('everything is taken down, however it ends', async () => {
  const broken = new Error('no answer\nmore');
  assert.equal((await ended(undefined, 'one round')).end, {
    ...{ machineUse: USE, reasons: [], interrupted: undefined },
  });
  for (const each of [undefined, broken, new UsageError('x'), new EnsembleError('x')])
    assert.equal((await ended(each, undefined)).steps, ['taken down'], String(each));
});

test('a failure makes the run void, and keeps what was measured', async () => {
  const { end, notes } = await ended(new EnsembleError('v1 ended\nits log'), 'two rounds');
  assert.not.instance(end, Error);
  if (end instanceof Error) return;
  assert.equal(validityOf(end, ['a cell']), { void: true, reasons: ['v1 ended'], unmeasured: ['a cell'] });
  assert.match(notes.join(), /measuring ended early: .*v1 ended/);
});

test('an ensemble that never started, and wrong input, are said at once', async () => {
  assert.instance((await ended(new EnsembleError('x'), undefined)).end, EnsembleError);
  assert.instance((await ended(new UsageError('x'), 'two rounds')).end, UsageError);
});

test('Ctrl-C keeps complete rounds, and is an error before the first', async () => {
  const reason = new Error('aborted');
  const { end, steps } = await ended(reason, '2 of 6 rounds', true);
  if (end instanceof Error) throw end;
  assert.equal(validityOf(end, []), { void: false, reasons: [], interrupted: 'after 2 of 6 rounds' });
  assert.equal(steps, ['aborted', 'taken down']);
  assert.is((await ended(reason, undefined, true)).end, reason);
});
