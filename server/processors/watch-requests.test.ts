import { assert, suite } from '#test';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writeSetWatchesRequest } from '../wire/requests.ts';
import { create, remove, setData } from './prep.test-kit.ts';
import { bench } from './reads.test-kit.ts';

const test = suite('processors: requests about watches');

const { OK, NOWATCHER, MARSHALLINGERROR } = ErrorCode;

test('watches fire once: data and exists for changes and deletion, children for children and deletion', () => {
  const told = (op: number): string[][] => {
    const made = bench();
    made.watch(op, '/a/b', true);
    const steps = [
      create('/a/b/n'),
      setData('/a/b', 'x'),
      setData('/a/b', 'y'),
      remove('/a/b/n'),
      remove('/a/b'),
    ];
    return steps.map(step => {
      made.run(step);
      return made.reader.take();
    });
  };
  assert.equal(told(OpCode.getData), [[], ['dataChanged /a/b'], [], [], []]);
  assert.equal(told(OpCode.exists), [[], ['dataChanged /a/b'], [], [], []]);
  assert.equal(told(OpCode.getChildren), [['childrenChanged /a/b'], [], [], [], []]);
  assert.equal(told(OpCode.getChildren2), [['childrenChanged /a/b'], [], [], [], []]);
});

test('addWatch: mode 0 for the node, 1 for all below, kept until removed; another mode is refused', () => {
  const told = (mode: number): string[] => {
    const made = bench();
    const [code, body] = made.pathAnd(OpCode.addWatch, '/a', mode);
    assert.equal([code, body.readInt(), body.remaining], [OK, OK, 0]);
    for (const op of [setData('/a', '1'), setData('/a', '2'), create('/a/n'), setData('/a/n', 'x')])
      made.run(op);
    assert.is(made.pathAnd(OpCode.removeWatches, '/a', 3)[0], OK);
    made.run(setData('/a', '3'));
    return made.reader.take();
  };
  assert.equal(told(0), ['dataChanged /a', 'dataChanged /a', 'childrenChanged /a']);
  assert.equal(told(1), ['dataChanged /a', 'dataChanged /a', 'created /a/n', 'dataChanged /a/n']);
});

test('an unknown mode of addWatch or type of watcher is MARSHALLINGERROR, as upstream, and changes no watch', () => {
  const made = bench();
  for (const mode of [-1, 2]) assert.is(made.pathAnd(OpCode.addWatch, '/a', mode)[0], MARSHALLINGERROR);
  made.watch(OpCode.getData, '/a', true);
  for (const op of [OpCode.checkWatches, OpCode.removeWatches])
    for (const type of [-1, 0, 6, 99])
      assert.is(made.pathAnd(op, '/a', type)[0], MARSHALLINGERROR, `type ${type}`);
  for (const op of [setData('/a', 'x'), setData('/a', 'y')]) made.run(op);
  assert.equal(made.reader.take(), ['dataChanged /a']);
});

test('checkWatches finds and keeps, removeWatches finds and removes; without one it is NOWATCHER', () => {
  for (const [type, finds] of [
    [1, false],
    [2, true],
    [3, true],
  ] as const) {
    const made = bench();
    made.watch(OpCode.getData, '/a', true);
    const code = finds ? OK : NOWATCHER;
    assert.is(made.pathAnd(OpCode.checkWatches, '/a', type)[0], code, `type ${type}`);
    assert.is(made.pathAnd(OpCode.removeWatches, '/a', type)[0], code, `type ${type}`);
    assert.is(made.pathAnd(OpCode.removeWatches, '/a', type)[0], NOWATCHER);
    made.run(setData('/a', 'x'));
    assert.equal(made.reader.take(), finds ? [] : ['dataChanged /a']);
  }
});

test('setWatches sends what happened since at once and sets the rest; setWatches2 includes persistent watches', () => {
  const made = bench();
  const since = made.tree.lastProcessedZxid;
  for (const op of [setData('/a', 'new'), remove('/a/c'), create('/made')]) made.run(op);
  const [code, body] = made.ask(OpCode.setWatches2, w =>
    writeSetWatchesRequest(
      w,
      {
        relativeZxid: since,
        dataWatches: ['/a', '/a/c', '/a/b'],
        existWatches: ['/made', '/later'],
        childWatches: ['/a', '/a/b', '/gone'],
        persistentWatches: ['/p'],
        persistentRecursiveWatches: ['/r'],
      },
      true,
    ),
  );
  assert.equal([code, body.remaining], [OK, 0]);
  assert.equal(made.reader.take(), [
    'dataChanged /a',
    'deleted /a/c',
    'created /made',
    'childrenChanged /a',
    'deleted /gone',
  ]);
  for (const op of [create('/later'), create('/a/b/n'), create('/p'), create('/r'), create('/r/s')])
    made.run(op);
  assert.equal(made.reader.take(), [
    'created /later',
    'childrenChanged /a/b',
    'created /p',
    'created /r',
    'created /r/s',
  ]);
});
