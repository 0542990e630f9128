import { assert, suite } from '#test';
import { REAL_CLIENTS_CHECK } from './check.ts';
import { CLIENT_KINDS } from './client-kinds.ts';
import { readLine } from './protocol.ts';

const test = suite('real clients');

test('without Java its two clients are missing, and doctor says why', async () => {
  const { JAVA_HOME } = process.env;
  process.env.JAVA_HOME = '/nowhere';
  try {
    const missing = CLIENT_KINDS.filter(({ name }) => name === 'java' || name === 'curator').map(kind =>
      kind.missing(),
    );
    assert.equal(missing, Array(2).fill('Java or the jars of Apache ZooKeeper are missing'));
    const found = await REAL_CLIENTS_CHECK.look();
    if (found !== null)
      assert.match(
        (found as { partly: string }).partly,
        /; not .*java \(Java or the jars .* curator \(Java or/,
      );
  } finally {
    if (JAVA_HOME === undefined) delete process.env.JAVA_HOME;
    else process.env.JAVA_HOME = JAVA_HOME;
  }
});

test('lines of a program are answers and states; what its library logs is neither', () => {
  const answer = { id: 1, type: 'ok', zxid: 7, value: null };
  const state = { state: 'connected', session: 'a1', timeoutMs: 5_000 };
  assert.equal(readLine(JSON.stringify(answer)), answer);
  assert.equal(readLine(JSON.stringify(state)), state);
  for (const text of ['2026-12-01 WARN lost', '{"id":1', '{"id":1,"type":"well"}', '{}'])
    assert.is(readLine(text), undefined, text);
});
