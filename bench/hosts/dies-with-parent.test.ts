import { execa } from 'execa';
import { assert, requirePeer, suite } from '#test';
import { diesWithParent, findSetpriv } from './dies-with-parent.ts';

const test = suite('processes that end with their parent');

test('a command does not start when its lab was killed before setpriv requested the signal', async () => {
  requirePeer('setpriv', findSetpriv(), 'it ends a command whose lab is gone');
  const { file, args } = diesWithParent({ file: 'sleep', args: ['60'] });
  // The shell in between stands for the process that adopts the orphan.
  await execa('sh', ['-c', '"$@" & wait', 'sh', file, ...args]);
  const own = execa(...asArguments(diesWithParent({ file: 'echo', args: ['a b', '$0'] })));
  assert.is((await own).stdout, 'a b $0');
});

function asArguments({ file, args }: ReturnType<typeof diesWithParent>): [string, string[]] {
  return [file, [...args]];
}

test('a child whose channel closed before it checked ends too', async () => {
  const module = new URL('./end-with-parent.js', import.meta.url).href;
  const script = `process.once('disconnect', async () => {
    const { endWithParent } = await import(${JSON.stringify(module)});
    endWithParent();
  });
  setInterval(() => {}, 60_000);`;
  const child = execa(process.execPath, ['--input-type=module', '-e', script], { ipc: true, reject: false });
  child.disconnect();
  assert.is((await child).exitCode, 0);
});
