import { assert, suite, until } from '#test';

const test = suite('until');

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('it did not fail');
}

test('gives the first truthy value of the condition', async () => {
  let calls = 0;
  const value = await until(() => (++calls === 3 ? 'third' : ''), {
    deadlineMs: 1_000,
    what: 'a third call',
    intervalMs: 1,
  });
  assert.is(value, 'third');
  assert.is(calls, 3);
});

test('a condition that is true at once is evaluated once, even with no time left', async () => {
  assert.is(await until(() => 7, { deadlineMs: 0, what: 'seven' }), 7);
});

test('the error says what was awaited, and for how long', async () => {
  const error = await failureOf(until(() => false, { deadlineMs: 20, what: 'a quorum of 3', intervalMs: 1 }));
  assert.is(error.message, 'waited 20 ms for a quorum of 3');
});

test('a throw counts as "not yet"; the error at the deadline contains the last one', async () => {
  const refused = new Error('ECONNREFUSED');
  let calls = 0;
  const condition = () => {
    calls++;
    throw refused;
  };
  const error = await failureOf(until(condition, { deadlineMs: 20, what: 'srvr', intervalMs: 1 }));
  assert.is(error.message, 'waited 20 ms for srvr; the last attempt threw: ECONNREFUSED');
  assert.is(error.cause, refused);
  assert.ok(calls > 1);
});
