import { assert, suite } from '#test';
import { digestId } from '../auth/digest-id.ts';
import type { Connection } from '../runtime/runtime.ts';
import { VirtualClock } from '../runtime/virtual-clock.ts';
import { watchLimits } from '../tree/watch-memory.ts';
import { TurnBudget } from '../turns/turn-budget.ts';
import { type Acl, type Id, OPEN_ACL_UNSAFE, Perms } from '../wire/acl.ts';
import { ErrorCode, errorName } from '../wire/error-codes.ts';
import { JuteReader, JuteWriter } from '../wire/jute.ts';
import { type JuteLimits, juteLimits } from '../wire/jute-limits.ts';
import { writeMultiEnd, writeMultiHeader } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writePathWatchRequest, writeSetWatchesRequest } from '../wire/requests.ts';
import { readStat, type Stat } from '../wire/stat.ts';
import { EventType } from '../wire/watch-event.ts';
import { FinalRequestProcessor, type ReadSession } from './final-request-processor.ts';
import type { LongRead } from './long-read.ts';
import { create, EPOCH_MS, PrepRig, remove, SESSION, setAcl, setData } from './prep.test-kit.ts';
import { ReplyBody } from './reply-writer.ts';

const test = suite('processors: reads');

const { OK, NONODE, NOAUTH, NOWATCHER, BADARGUMENTS, MARSHALLINGERROR, UNIMPLEMENTED } = ErrorCode;
const GIB = 2 ** 30;
const EPHEMERAL = 1;
const USER: Id = { scheme: 'digest', id: digestId('user:pass') };
const OTHER_SESSION = 0x0200_0000_0000_0001n;

/** A client that reads: what it was told of, and what it may see. */
class Reader implements ReadSession {
  readonly sessionId: bigint;
  readonly events: string[] = [];
  watchBytes = 0;
  ids: Id[] = [{ scheme: 'ip', id: '127.0.0.1' }];

  constructor(sessionId = SESSION) {
    this.sessionId = sessionId;
  }

  identities(): readonly Id[] {
    return this.ids;
  }

  process(type: number, path: string): void {
    const names = Object.entries(EventType).map(([name, code]) => [code, name] as const);
    this.events.push(`${new Map<number, string>(names).get(type)} ${path}`);
  }

  take(): string[] {
    return this.events.splice(0);
  }
}

class Bench extends PrepRig {
  readonly reader = new Reader();
  readonly #final: FinalRequestProcessor;

  constructor(skipAcl = false, jute = juteLimits(), heapBytesMax = GIB) {
    super({ jute });
    const options = { skipAcl, jute };
    this.#final = new FinalRequestProcessor(() => this.tree, this.access, options, watchLimits(heapBytesMax));
  }

  ask(op: number, write: (w: JuteWriter) => void, reader: ReadSession = this.reader): [number, JuteReader] {
    const request = new JuteWriter();
    write(request);
    const body = new ReplyBody();
    const answer = this.#final.read(op, new JuteReader(request.toBuffer()), reader, body);
    if (typeof answer === 'number') return [answer, new JuteReader(allOf(body))];
    this.turnsTaken = 1;
    while (!this.#stepInTurn(answer)) this.turnsTaken++;
    const whole = new ReplyBody();
    answer.writeTo(whole);
    return [OK, new JuteReader(allOf(whole))];
  }

  /** What a long read takes of a turn of its own. Between two turns the tree may change. */
  #stepInTurn(read: LongRead): boolean {
    const clock = new VirtualClock();
    const budget = new TurnBudget(clock);
    budget.beginSlice(clock.monotonicMs(), 0);
    const done = read.step(budget);
    if (!done) this.betweenTurns();
    return done;
  }

  turnsTaken = 0;
  betweenTurns: () => void = () => {};

  watch(op: number, path: string, watch = false): [number, JuteReader] {
    return this.ask(op, w => writePathWatchRequest(w, { path, watch }));
  }

  path(op: number, path: string): [number, JuteReader] {
    return this.ask(op, w => void w.writeString(path));
  }

  pathAnd(op: number, path: string, value: number): [number, JuteReader] {
    return this.ask(op, w => void w.writeString(path).writeInt(value));
  }
}

/** The body with what is not copied into it. */
function allOf(body: ReplyBody): Buffer {
  const parts: Buffer[] = [];
  const write = (bytes: Uint8Array, start = 0, end = bytes.length) => {
    parts.push(Buffer.from(bytes.subarray(start, end)));
    return true;
  };
  body.writeTo({ write, writeShared: write } as unknown as Connection);
  return Buffer.concat(parts);
}

/** /a "data" with children b and c; /mine, an ephemeral of SESSION; /locked for USER with `perms`. */
function bench(perms: number = Perms.ALL, skipAcl = false, jute = juteLimits()): Bench {
  const made = new Bench(skipAcl, jute);
  const ops = [create('/a'), setData('/a', 'data'), create('/a/b'), create('/a/c', { data: null })];
  for (const op of [...ops, create('/mine', { flags: EPHEMERAL }), create('/locked')]) made.run(op);
  made.run(setAcl('/locked', [{ perms, id: USER }]));
  return made;
}

const names = (reader: JuteReader): (string | null)[] | null => reader.readVector(r => r.readString());

test('getData and exists show the node, and null data as null', () => {
  const made = bench();
  const [code, body] = made.watch(OpCode.getData, '/a');
  assert.is(code, OK);
  assert.is(String(body.readBuffer()), 'data');
  const wanted: Stat = {
    czxid: 1,
    mzxid: 2,
    ctime: EPOCH_MS + 1,
    mtime: EPOCH_MS + 2,
    version: 1,
    cversion: 2,
    aversion: 0,
    ephemeralOwner: 0n,
    dataLength: 4,
    numChildren: 2,
    pzxid: 4,
  };
  assert.equal(readStat(body), wanted);
  assert.is(body.remaining, 0);
  const [, exists] = made.watch(OpCode.exists, '/a');
  assert.equal([readStat(exists), exists.remaining], [wanted, 0]);
  assert.is(made.watch(OpCode.getData, '/a/c')[1].readBuffer(), null);
  assert.is(readStat(made.watch(OpCode.exists, '/mine')[1]).ephemeralOwner, SESSION);
});

test('the cversion shown counts deletions too: twice the created less the present children', () => {
  const made = bench();
  made.run(remove('/a/b'));
  const stat = readStat(made.watch(OpCode.exists, '/a')[1]);
  assert.equal([stat.cversion, stat.numChildren], [3, 1]);
});

test('getChildren and getChildren2: names, and with 2 the Stat; none is an empty list', () => {
  const made = bench();
  const [, plain] = made.watch(OpCode.getChildren, '/a');
  assert.equal([names(plain), plain.remaining], [['b', 'c'], 0]);
  const [, withStat] = made.watch(OpCode.getChildren2, '/a');
  assert.equal([names(withStat), readStat(withStat).numChildren, withStat.remaining], [['b', 'c'], 2, 0]);
  assert.equal(names(made.watch(OpCode.getChildren, '/a/b')[1]), []);
});

test('getAllChildrenNumber counts all descendants; for the root, those of /zookeeper too', () => {
  const made = bench();
  const count = (path: string): number => made.path(OpCode.getAllChildrenNumber, path)[1].readInt();
  assert.equal([count('/a'), count('/a/b'), count('/')], [2, 0, 5 + 3]);
});

test('field report D3: "" names the root in every read, and is a separate path to its watches', () => {
  const answers = (path: string): string[] => {
    const made = bench();
    const [data, exists, children, children2] = [
      OpCode.getData,
      OpCode.exists,
      OpCode.getChildren,
      OpCode.getChildren2,
    ].map(op => made.watch(op, path, true));
    const all = [data, exists, children, children2, made.path(OpCode.getACL, path)];
    made.run(setData('/', 'x'));
    made.run(create('/new'));
    assert.is(made.reader.take().length > 0, path === '/', 'only the root’s own name is told of');
    return all.map(answer => `${answer![0]} ${answer![1].bytes.toString('hex')}`);
  };
  assert.equal(answers(''), answers('/'));
  const made = bench();
  const count = (path: string): number => made.path(OpCode.getAllChildrenNumber, path)[1].readInt();
  assert.is(count(''), count('/') + 1, 'the root’s second name, as upstream counts');
  const parts = made.ask(OpCode.multiRead, w => {
    writeMultiHeader(w, OpCode.getChildren, false, -1);
    writePathWatchRequest(w, { path: '', watch: false });
    writeMultiEnd(w);
  });
  assert.is(parts[1].readInt(), OpCode.getChildren);
});

test('field report D3: setWatches takes "" for the root too', () => {
  const made = bench();
  const none: string[] = [];
  const request = { relativeZxid: 0, dataWatches: none, existWatches: [''], childWatches: [''] };
  const lasting = { persistentWatches: none, persistentRecursiveWatches: none };
  const [code] = made.ask(OpCode.setWatches, w =>
    writeSetWatchesRequest(w, { ...request, ...lasting }, false),
  );
  assert.is(code, OK);
  assert.equal(made.reader.take(), ['created ', 'childrenChanged ']);
});

test('field report D3: getEphemerals returns all for a prefix that is null, empty or blank', () => {
  const made = bench();
  made.run(create('/a/eph', { flags: EPHEMERAL }));
  for (const prefix of [null, '', ' ', '\t\n', '/', ' / ']) {
    const [code, body] = made.ask(OpCode.getEphemerals, w => void w.writeString(prefix));
    assert.equal([code, names(body)], [OK, ['/mine', '/a/eph']], JSON.stringify(prefix));
  }
  for (const prefix of [' /a', '/a ', '//', 'a']) {
    assert.equal(names(made.path(OpCode.getEphemerals, prefix)[1]), [], JSON.stringify(prefix));
  }
});

test('getEphemerals: the session’s own, below a prefix', () => {
  const made = bench();
  made.run(create('/a/eph', { flags: EPHEMERAL }));
  made.run(create('/others', { flags: EPHEMERAL }), OTHER_SESSION);
  const under = (prefix: string): unknown => names(made.path(OpCode.getEphemerals, prefix)[1]);
  assert.equal([under('/'), under('/a'), under('/b')], [['/mine', '/a/eph'], ['/a/eph'], []]);
});

test('whoAmI shows scheme and user, a digest without its hash, and always the address', () => {
  const made = bench();
  made.reader.ids.push(USER);
  const [, body] = made.ask(OpCode.whoAmI, () => {});
  assert.equal(
    body.readVector(r => [r.readString(), r.readString()]),
    [
      ['ip', '127.0.0.1'],
      ['digest', 'user'],
    ],
  );
});

test('getACL shows the hash of a digest only to clients with ADMIN', () => {
  const aclFor = (perms: number, reader: Id[]): [number, string | null | undefined] => {
    const made = bench(perms);
    made.reader.ids = reader;
    const [code, body] = made.path(OpCode.getACL, '/locked');
    return [
      code,
      code === OK
        ? (body.readVector(r => [r.readInt(), r.readString(), r.readString()])?.[0]?.[2] as string)
        : null,
    ];
  };
  assert.equal(aclFor(Perms.ALL, [USER]), [OK, USER.id]);
  assert.equal(aclFor(Perms.ADMIN, [USER]), [OK, USER.id]);
  assert.equal(aclFor(Perms.READ, [USER]), [OK, 'user:x']);
  assert.equal(aclFor(Perms.WRITE, [USER]), [NOAUTH, null]);
  assert.equal(aclFor(Perms.ALL, []), [NOAUTH, null]);
  assert.equal(aclFor(Perms.WRITE, [{ scheme: 'super', id: '' }]), [OK, USER.id]);
});

test('2590: exists, getData, getChildren and getAllChildrenNumber need READ; refused, they leave no watch', () => {
  const reads = [
    OpCode.exists,
    OpCode.getData,
    OpCode.getChildren,
    OpCode.getChildren2,
    OpCode.getAllChildrenNumber,
  ];
  for (const op of reads) {
    for (const [perms, ids, skipAcl, code] of [
      [Perms.READ, [USER], false, OK],
      [Perms.ALL & ~Perms.READ, [USER], false, NOAUTH],
      [Perms.ALL, [], false, NOAUTH],
      [Perms.ALL, [], true, OK],
      [0, [{ scheme: 'super', id: '' }], false, OK],
    ] as const) {
      const made = bench(perms, skipAcl);
      made.reader.ids = [...ids];
      assert.is(errorName(made.watch(op, '/locked', true)[0]), errorName(code), `operation ${op}`);
      const watches = made.tree.dataWatches.watchCount + made.tree.childWatches.watchCount;
      assert.is(watches, code === OK && op !== OpCode.getAllChildrenNumber ? 1 : 0, `operation ${op}`);
    }
  }
});

test('every read of a missing node is NONODE; only exists leaves a watch, for its creation', () => {
  for (const op of [OpCode.exists, OpCode.getData, OpCode.getChildren, OpCode.getChildren2]) {
    const made = bench();
    assert.is(made.watch(op, '/none', true)[0], NONODE);
    made.run(create('/none'));
    assert.equal(made.reader.take(), op === OpCode.exists ? ['created /none'] : []);
  }
  const made = bench();
  assert.is(made.watch(OpCode.exists, '/none\0', true)[0], BADARGUMENTS);
  assert.is(made.tree.dataWatches.watchCount, 0, 'a NUL: such a node can never come');
  assert.is(made.path(OpCode.getACL, '/none')[0], NONODE);
  assert.is(made.path(OpCode.getAllChildrenNumber, '/none')[0], NONODE);
});

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

test('multiRead: parts by themselves, golden bytes of facts 24; watches in it are ignored', () => {
  const made = bench();
  const [code, body] = made.ask(OpCode.multiRead, w => {
    for (const [op, path] of [
      [OpCode.getData, '/a/c'],
      [OpCode.getChildren, '/none'],
      [OpCode.getData, '/locked'],
      [OpCode.getChildren, '/a'],
    ] as const) {
      writeMultiHeader(w, op, false, -1);
      writePathWatchRequest(w, { path, watch: true });
    }
    writeMultiEnd(w);
  });
  assert.is(code, OK);
  const hex = body.bytes.toString('hex', 0, body.end);
  const stat = hex.slice(26, 26 + 136);
  assert.is(hex.slice(0, 26), '00000004 00 00000000 ffffffff'.replaceAll(' ', ''));
  assert.is(readStat(new JuteReader(Buffer.from(stat, 'hex'))).czxid, 4);
  const rest = [
    'ffffffff 00 ffffff9b ffffff9b',
    'ffffffff 00 ffffff9a ffffff9a',
    '00000008 00 00000000 00000002 00000001 62 00000001 63',
    'ffffffff 01 ffffffff',
  ];
  assert.is(hex.slice(26 + 136), rest.join('').replaceAll(' ', ''));
  assert.is(made.tree.dataWatches.watchCount + made.tree.childWatches.watchCount, 0);
});

test('A2: the answer to a multiRead may be as large as four requests, and 16 MiB; a larger one is malformed', () => {
  const reads = (jute: JuteLimits, data: string, count: number): void => {
    const made = new Bench(false, jute);
    made.run(create('/a', { data }));
    const [code] = made.ask(OpCode.multiRead, w => {
      for (let i = 0; i < count; i++) {
        writeMultiHeader(w, OpCode.getData, false, -1);
        writePathWatchRequest(w, { path: '/a', watch: false });
      }
      writeMultiEnd(w);
    });
    assert.is(code, OK);
  };
  const megabytes = (count: number) => 'x'.repeat(count * 1_000_000);
  reads(juteLimits(), megabytes(1), 16);
  assert.throws(
    () => reads(juteLimits(), megabytes(1), 17),
    /the answer to a multiRead has more than 16777216 bytes/,
  );
  reads(juteLimits(6_000_000), megabytes(5), 4);
  assert.throws(
    () => reads(juteLimits(6_000_000), megabytes(5), 5),
    /the answer to a multiRead has more than 24000000 bytes/,
  );
});

test('operations that are no reads are UNIMPLEMENTED', () => {
  for (const op of [0, OpCode.check, OpCode.create, OpCode.sync, OpCode.sasl, 99, -1]) {
    assert.is(bench().watch(op, '/a')[0], UNIMPLEMENTED, `operation ${op}`);
  }
});

test('an open ACL reads no identity', () => {
  const made = bench();
  const asked = { ...OPEN_ACL_UNSAFE[0] } as Acl;
  assert.is(asked.perms, Perms.ALL);
  made.reader.identities = () => {
    throw new Error('identities were asked for');
  };
  assert.is(made.watch(OpCode.getData, '/a')[0], OK);
});

test('lists of many children follow every change, also one that keeps their number', () => {
  const made = new Bench();
  made.run(create('/many'));
  for (let i = 0; i < 2_000; i++) made.run(create(`/many/${i}`));
  const list = () => names(made.watch(OpCode.getChildren, '/many')[1])!;
  assert.is(list().length, 2_000);
  made.run(remove('/many/7'));
  made.run(create('/many/new'));
  assert.equal([list().length, list().includes('7'), list().includes('new')], [2_000, false, true]);
});

test('getChildren2 of very many nodes shows names and Stat of the zxid at which it began, and sets its watch at once', () => {
  const made = new Bench();
  made.run(create('/many'));
  for (let i = 0; i < 50_000; i++) made.run(create(`/many/${i}`));
  const before = names(made.watch(OpCode.getChildren, '/many')[1]);
  made.run(create('/many/x'));
  made.run(remove('/many/x'));
  made.betweenTurns = () => {
    made.run(remove('/many/1'));
    made.betweenTurns = () => {};
  };
  const [code, reader] = made.watch(OpCode.getChildren2, '/many', true);
  assert.is(code, OK);
  assert.ok(made.turnsTaken > 1, `${made.turnsTaken} turns`);
  assert.equal(names(reader), before);
  const stat = readStat(reader);
  assert.is(stat.numChildren, 50_000);
  assert.equal(made.reader.take(), ['childrenChanged /many']);
  assert.is(names(made.watch(OpCode.getChildren, '/many')[1])!.length, 49_999, 'and the next is of now');
});

test('a multiRead of very many parts takes several turns; a bad part ends it as it ends a short one', () => {
  const made = bench(Perms.ALL, true, juteLimits(20 * 1024 * 1024));
  const parts = (count: number, last: number) => (w: JuteWriter) => {
    for (let i = 0; i < count; i++) {
      const type = i % 2 === 0 ? OpCode.getData : OpCode.getChildren;
      writeMultiHeader(w, i === count - 1 ? last : type, false, -1);
      writePathWatchRequest(w, { path: i % 3 === 0 ? '/a' : '/none', watch: true });
    }
    writeMultiEnd(w);
  };
  const [, few] = made.ask(OpCode.multiRead, parts(600, OpCode.getData));
  const bytes = few.bytes.subarray(0, few.bytes.length - 9);
  const [code, many] = made.ask(OpCode.multiRead, parts(600 * 300, OpCode.getData));
  assert.is(code, OK);
  assert.ok(made.turnsTaken > 10, `${made.turnsTaken} turns`);
  assert.is(many.bytes.length, 300 * bytes.length + 9);
  assert.ok(many.bytes.subarray(0, bytes.length - 100).equals(bytes.subarray(0, -100)));
  assert.is(made.tree.dataWatches.watchCount + made.tree.childWatches.watchCount, 0);
  for (const count of [600, 600 * 300])
    assert.throws(
      () => made.ask(OpCode.multiRead, parts(count, OpCode.delete)),
      /a multiRead cannot contain operation 2/,
    );
});
