import { assert, suite } from '#test';
import { type Acl, type Id, OPEN_ACL_UNSAFE, Perms } from '../wire/acl.ts';
import { ErrorCode, errorName } from '../wire/error-codes.ts';
import { JuteReader, type JuteWriter } from '../wire/jute.ts';
import { type JuteLimits, juteLimits } from '../wire/jute-limits.ts';
import { writeMultiEnd, writeMultiHeader } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writePathWatchRequest, writeSetWatchesRequest } from '../wire/requests.ts';
import { readStat, type Stat } from '../wire/stat.ts';
import { create, EPOCH_MS, remove, SESSION, setData } from './prep.test-kit.ts';
import { Bench, bench, EPHEMERAL, names, OTHER_SESSION, USER } from './reads.test-kit.ts';

const test = suite('processors: reads');

const { OK, NONODE, NOAUTH, BADARGUMENTS, UNIMPLEMENTED } = ErrorCode;
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

test('ZOOKEEPER-2590: exists, getData, getChildren and getAllChildrenNumber need READ; refused, they leave no watch', () => {
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
