import { assert, suite } from '#test';
import { table, terminal } from './terminal.ts';

const test = suite('terminal');

test('on a terminal progress is overwritten, and gone before the answer', () => {
  const { streams, written } = recorder(true);
  const { progress, print } = terminal(streams);
  progress('round 1 of a very long name');
  progress('round 2');
  print('done');
  assert.equal(written, ['err round 1 o', 'err \r\x1b[2K', 'err round 2', 'err \r\x1b[2K', 'out done\n']);
});

test('what was progress at the end goes, for the prompt of the shell', () => {
  const { streams, written } = recorder(true, 0);
  const { progress, end } = terminal(streams);
  progress('a terminal that does not say how wide it is');
  end();
  end();
  assert.equal(written, ['err a terminal that does not say how wide it is', 'err \r\x1b[2K']);
});

test('elsewhere progress is plain lines, apart from the answer', () => {
  const { streams, written } = recorder(false);
  const { progress, json } = terminal(streams);
  progress('round 1 of a very long name');
  json({ ok: true });
  assert.equal(written, ['err round 1 of a very long name\n', 'out {\n  "ok": true\n}\n']);
});

test('columns are as wide as their widest cell', () => {
  assert.is(
    table([
      ['a', 'b'],
      ['long', ''],
    ]),
    'a     b\nlong\n',
  );
});

function recorder(isTTY: boolean, columns = 10) {
  const written: string[] = [];
  const stream = (name: string) => ({ write: (text: string) => written.push(`${name} ${text}`) });
  return { written, streams: { out: stream('out'), err: { ...stream('err'), isTTY, columns } } };
}
