import { assert, suite } from '#test';
import { fittedTable, outputColumns, table, terminal } from './terminal.ts';

const test = suite('terminal');

test('a table wider than the terminal is printed row by row, each cell with its heading; in a pipe it stays a table', () => {
  const [head, row] = [
    ['what', 'n', ''],
    ['writes', '6', 'ours is better'],
  ];
  const flat = 'what    n\nwrites  6  ours is better\n';
  assert.is(fittedTable([row!], 80, head), flat);
  assert.is(fittedTable([row!], 25, head), flat);
  assert.is(fittedTable([row!], 24, head), 'writes\n  n: 6\n  ours is better\n');
  assert.is(fittedTable([['a', '', 'c']], 3), 'a\n  c\n');
  assert.is(outputColumns({ isTTY: true, columns: 60 }), 60);
  assert.is(outputColumns({ columns: 60 }), Number.POSITIVE_INFINITY);
});

test('on a terminal progress is overwritten, and erased before the answer', () => {
  const { streams, written } = recorder(true);
  const { progress, print } = terminal(streams);
  progress('round 1 of a very long name');
  progress('round 2');
  print('done');
  assert.equal(written, ['err round 1 o', 'err \r\x1b[2K', 'err round 2', 'err \r\x1b[2K', 'out done\n']);
});

test('the last progress line is erased at the end, for the prompt of the shell', () => {
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

test('field report D4: text from elsewhere cannot control a terminal; lines and the colours of the ledger stay', () => {
  const { streams, written } = recorder(true, 80);
  const { print, progress, error, json, end } = terminal(streams);
  const hostile = '\u001b]0;title\u0007\u001b[2J\u009b31m\u202e\r';
  const harmless = '\\x1b]0;title\\x07\\x1b[2J\\x9b31m\\u202e\\x0d';
  print(`\u001b[31mx fails\u001b[0m\n\tbecause ${hostile}\u001b[8m\n`);
  progress(hostile);
  end();
  error(`zklab: ${hostile}`);
  assert.equal(written.splice(0), [
    `out \u001b[31mx fails\u001b[0m\n\tbecause ${harmless}\\x1b[8m\n`,
    `err ${harmless}`,
    'err \r\u001b[2K',
    `err zklab: ${harmless}\n`,
  ]);
  json({ hostile });
  const document = written[0]!.slice('out '.length);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.not(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(document), document);
  assert.equal(JSON.parse(document), { hostile });
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
