import { assert, suite } from '#test';
import { fc } from '#test/properties';
import {
  ANONYMOUS_SID,
  decodeNotification,
  encodeInitialMessage,
  encodeNotification,
  INITIAL_ADDRESS_BYTES_MAX,
  MIN_LONG,
  type Notification,
  readInitialMessage,
  writeInitialMessage,
} from './election-message.ts';
import { JuteError, JuteReader, JuteWriter } from './jute.ts';

const test = suite('wire: election messages');

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const readInitial = (bytes: Buffer) => readInitialMessage(new JuteReader(bytes));

const INITIAL_V1 = hex('ffffffffffff0000 0000000000000003 0000000e 3132372e302e302e313a33383838');
const V2_ADDRESSES = Buffer.from('10.0.0.1:3888|[::1]:3889');
const INITIAL_V2 = Buffer.concat([
  hex('ffffffffffff0001 0000000000000002'),
  hex(V2_ADDRESSES.length.toString(16).padStart(8, '0')),
  V2_ADDRESSES,
]);

const OBSERVER_QUESTION: Notification = {
  state: 'LOOKING',
  leader: MIN_LONG,
  zxid: MIN_LONG,
  round: 1,
  peerEpoch: MIN_LONG,
  version: 2,
  config: Buffer.from('version=0'),
};
const OBSERVER_QUESTION_BYTES = hex(`
  00000035 00000000 8000000000000000 8000000000000000 0000000000000001 8000000000000000
  00000002 00000009 76657273696f6e3d30`);

test('an initial message of V1: golden bytes, both ways', () => {
  const address = { host: '127.0.0.1', port: 3888 };
  assert.equal(readInitial(INITIAL_V1), { sid: 3, addresses: [address] });
  const writer = new JuteWriter();
  writeInitialMessage(writer, 3, [address, { host: '10.0.0.1', port: 3888 }], 1);
  assert.equal(writer.toBuffer(), INITIAL_V1);
});

test('ZOOKEEPER-3188: V2 carries several addresses, IPv6 in brackets: golden bytes, both ways', () => {
  const first = { host: '10.0.0.1', port: 3888 };
  const second = { host: '::1', port: 3889 };
  assert.equal(readInitial(INITIAL_V2), { sid: 2, addresses: [first, second] });
  assert.equal(encodeInitialMessage(2, [first, second], 2), INITIAL_V2);
});

test('ZOOKEEPER-3188: what Apache ZooKeeper 3.8.0 sent with multiAddress.enabled, captured: its names, in no order', () => {
  const captured = hex(
    'ffffffffffff0001 0000000000000003 0000001f 3132372e34342e312e333a333838397c3132372e34342e302e333a33383838',
  );
  const [first, second] = [
    { host: '127.44.1.3', port: 3889 },
    { host: '127.44.0.3', port: 3888 },
  ];
  assert.equal(readInitial(captured), { sid: 3, addresses: [first, second] });
  assert.equal(encodeInitialMessage(3, [first, second], 2), captured);
  for (let end = 0; end < captured.length; end++)
    assert.throws(() => readInitial(captured.subarray(0, end)), isShort, `cut at ${end}`);
});

test('V2 names as many addresses as fit into 2,048 bytes, which is all that upstream reads', () => {
  const long = (letter: string) => ({ host: letter.repeat(1015), port: 65_535 });
  const short = { host: 'b', port: 1 };
  const { addresses } = readInitial(encodeInitialMessage(1, [long('a'), long('c'), long('d'), short], 2));
  assert.equal(addresses, [long('a'), long('c'), short]);
});

test('the wildcard address tells nobody where the dialer is', () => {
  const told = encodeInitialMessage(
    1,
    [
      { host: '0.0.0.0', port: 1 },
      { host: '::', port: 1 },
      { host: 'a', port: 1 },
    ],
    2,
  );
  assert.equal(readInitial(told).addresses, [{ host: 'a', port: 1 }]);
});

test('IPv6 is written in brackets', () => {
  const writer = new JuteWriter();
  writeInitialMessage(writer, 1, [{ host: 'fe80::2', port: 1 }], 1);
  assert.equal(readInitial(writer.toBuffer()).addresses, [{ host: 'fe80::2', port: 1 }]);
  assert.match(writer.toBuffer().toString('latin1'), '[fe80::2]:1');
});

test('a server before 3.5 sends its id and nothing else', () => {
  assert.equal(readInitial(hex('0000000000000005')), { sid: 5, addresses: [] });
});

test('an observer without an id of its own (ZOOKEEPER-2879)', () => {
  assert.is(readInitial(hex('7fffffffffffffff')).sid, ANONYMOUS_SID);
});

test('every split point of an initial message is short, never wrong', () => {
  for (const message of [INITIAL_V1, INITIAL_V2]) {
    for (let end = 0; end < message.length; end++) {
      assert.throws(() => readInitial(message.subarray(0, end)), isShort, `cut at ${end}`);
    }
  }
});

const isShort = (error: unknown) => error instanceof JuteError && error.short;
const isWrong = (error: unknown) => error instanceof JuteError && !error.short;

test('initial messages that are refused', () => {
  const v1 = 'ffffffffffff0000 0000000000000003';
  const tooLong = (INITIAL_ADDRESS_BYTES_MAX + 1).toString(16).padStart(8, '0');
  const refused: [string, string][] = [
    ['unknown version', 'ffffffffffff0002'],
    ['HTTP', Buffer.from('GET / HTTP/1.1').toString('hex')],
    ['negative sid', 'ffffffffffff0000 ffffffffffffffff'],
    ['no address', `${v1} 00000000`],
    ['negative length', `${v1} ffffffff`],
    ['too long', `${v1} ${tooLong}`],
    ['no port', `${v1} 00000004 61626364`],
    ['port 0', `${v1} 00000003 613a30`],
    ['port 65536', `${v1} 00000007 613a3635353336`],
  ];
  for (const [title, text] of refused) assert.throws(() => readInitial(hex(text)), isWrong, title);
});

test('a notification of version 2: golden bytes, both ways, with the MIN_LONG votes of an observer', () => {
  assert.equal(encodeNotification(OBSERVER_QUESTION), OBSERVER_QUESTION_BYTES);
  assert.equal(decodeNotification(OBSERVER_QUESTION_BYTES.subarray(4)), OBSERVER_QUESTION);
});

test('the bytes that Apache ZooKeeper 3.8.0 sent: its name, then its first notification', () => {
  const initialBytes = hex('ffffffffffff0000 0000000000000002 0000000f 3132372e302e302e313a3231383834');
  const address = { host: '127.0.0.1', port: 21_884 };
  assert.equal(readInitial(initialBytes), { sid: 2, addresses: [address] });
  const writer = new JuteWriter();
  writeInitialMessage(writer, 2, [address], 1);
  assert.equal(writer.toBuffer(), initialBytes);

  const config = Buffer.from(
    'server.1=127.0.0.1:21881:21882:participant\n' +
      'server.2=127.0.0.1:21883:21884:participant\n' +
      'server.3=127.0.0.1:21885:21886:observer\nversion=0',
  );
  const head = hex(`000000b3 00000000 0000000000000002 0000000000000000 0000000000000001
    0000000000000000 00000002 00000087`);
  const vote = { state: 'LOOKING', leader: 2, zxid: 0, round: 1, peerEpoch: 0, version: 2 } as const;
  const frame = Buffer.concat([head, config]);
  assert.equal(decodeNotification(frame.subarray(4)), { ...vote, config });
  assert.equal(encodeNotification({ ...vote, config }), frame);
});

test('28 bytes: the epoch comes from the zxid', () => {
  const body = hex('00000002 0000000000000003 0000000500000007 0000000000000009');
  assert.equal(decodeNotification(body), {
    state: 'LEADING',
    leader: 3,
    zxid: 0x5_0000_0007,
    round: 9,
    peerEpoch: 5,
    version: 0,
    config: null,
  });
});

test('40 bytes count as version 0; more than that with version 1 has no configuration', () => {
  const body = hex(`00000001 0000000000000003 0000000500000007 0000000000000009
    0000000000000006 00000001`);
  const forty = decodeNotification(body);
  assert.equal([forty.peerEpoch, forty.version, forty.config], [6, 0, null]);
  const longer = decodeNotification(Buffer.concat([body, hex('00000000')]));
  assert.equal([longer.state, longer.version, longer.config], ['FOLLOWING', 1, null]);
});

test('every cut of a notification is refused, except where an older form ends', () => {
  const body = OBSERVER_QUESTION_BYTES.subarray(4);
  for (let end = 0; end < body.length; end++) {
    if (end === 28 || end === 40) continue;
    assert.throws(() => decodeNotification(body.subarray(0, end)), isShort, `cut at ${end}`);
  }
});

test('states, rounds, zxids and configurations that cannot be are refused', () => {
  const rest = '0000000000000001 0000000000000000 0000000000000001 0000000000000000 00000002';
  const refused = [
    `00000004 ${rest} 00000000`,
    `ffffffff ${rest} 00000000`,
    `00000000 ${rest} ffffffff`,
    `00000000 ${rest} fffffff0`,
    '00000000 0000000000000001 0000000000000000 7ffffffffffffff0',
    '00000000 0000000000000001 0000000000000000 8000000000000000',
    '00000000 0000000000000001 7ffffffffffffff0 0000000000000001',
  ];
  for (const text of refused) assert.throws(() => decodeNotification(hex(text)), isWrong, text);
});

test('what is written reads back; random bytes never throw anything but JuteError', () => {
  const long = fc.oneof(fc.constant(MIN_LONG), fc.integer({ min: -1, max: 2 ** 52 }));
  const notification: fc.Arbitrary<Notification> = fc.record(
    {
      state: fc.constantFrom('LOOKING', 'FOLLOWING', 'LEADING', 'OBSERVING'),
      leader: long,
      zxid: long,
      round: fc.integer({ min: -1, max: 2 ** 52 }),
      peerEpoch: long,
      version: fc.constant(2),
      config: fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(notification, value => {
      assert.equal(decodeNotification(encodeNotification(value).subarray(4)), value);
    }),
  );
  const onlyJuteError = (run: () => void) => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), bytes => {
      onlyJuteError(() => decodeNotification(Buffer.from(bytes)));
      onlyJuteError(() => readInitial(Buffer.from(bytes)));
    }),
  );
});
