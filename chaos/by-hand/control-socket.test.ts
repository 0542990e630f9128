import { assert, suite, temporaryFolder } from '#test';
import { UsageError } from '../../bench/usage-error.ts';
import { ask, ControlSocket, UpError } from './control-socket.ts';

const test = suite('chaos/by-hand: the socket');

test('a refusal, a failure and a missing answer of zklab up are distinguished', async () => {
  const folder = temporaryFolder();
  const serve = async (request: unknown) => {
    const { is } = request as { readonly is: string };
    if (is === 'wrong') throw new UsageError('wrong words');
    if (is === 'impossible') throw new Error('fault 1 could not be healed: v1 does not start');
    if (is === 'the end') {
      control.close();
      return new Promise(() => {});
    }
    return 'done';
  };
  const control = await ControlSocket.listen(serve, folder);
  const asked = (is: string) =>
    ask(process.pid, { is }, folder).then(
      value => value,
      (error: Error) => error,
    );
  assert.is(await asked('right'), 'done');
  const wrong = await asked('wrong');
  assert.instance(wrong, UsageError);
  const impossible = await asked('impossible');
  assert.instance(impossible, UpError);
  assert.is((impossible as Error).message, 'fault 1 could not be healed: v1 does not start');
  const gone = await asked('the end');
  assert.instance(gone, UpError);
  assert.match((gone as Error).message, /^zklab up, process \d+, gave no answer: /);
});
