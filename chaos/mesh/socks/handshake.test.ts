import { assert, suite } from '#test';
import { greeting, reply, replyTo, request, type Step } from './handshake.ts';

const test = suite('mesh: SOCKS handshake');
const bytes = (...values: number[]) => Buffer.from(values);

/** A message behaves alike, however it is cut: nothing happens before its last byte. */
function onceWhole(parse: (bytes: Buffer) => Step, message: Buffer): Step {
  for (let length = 0; length < message.length; length++)
    assert.equal(parse(message.subarray(0, length)), { kind: 'more' }, `${length} bytes`);
  const whole = parse(message);
  assert.equal(parse(Buffer.concat([message, bytes(9, 9)])), whole, 'what follows is not part of it');
  return whole;
}

test('a client that offers no authentication, as Java does among others, is accepted', () => {
  assert.equal(onceWhole(greeting, bytes(5, 2, 0, 2)), { kind: 'reply', bytes: bytes(5, 0), taken: 4 });
  assert.equal(onceWhole(greeting, bytes(5, 1, 0)), { kind: 'reply', bytes: bytes(5, 0), taken: 3 });
});

test('another version, or a client that insists on a password, is refused', () => {
  for (const message of [bytes(4, 1, 0, 80), bytes(5, 1, 2), bytes(5, 0)])
    assert.equal(greeting(message), { kind: 'refuse', bytes: bytes(5, 0xff) });
});

test('what is dialed may be an IPv4 address, a name or an IPv6 address', () => {
  const rows: [number[], string][] = [
    [[1, 127, 3, 4, 5], '127.3.4.5'],
    [[3, 4, ...Buffer.from('zk-1')], 'zk-1'],
    [[4, ...Array(15).fill(0), 1], '0:0:0:0:0:0:0:1'],
  ];
  for (const [address, host] of rows) {
    const message = bytes(5, 1, 0, ...address, 0x0b, 0x48);
    assert.equal(onceWhole(request, message), {
      kind: 'dial',
      to: { host, port: 2888 },
      taken: message.length,
    });
  }
});

test('anything else is refused by its code', () => {
  const code = (step: Step) => (step as { bytes: Buffer }).bytes[1];
  assert.is(code(request(bytes(5, 2, 0, 1))), 7, 'BIND');
  assert.is(code(request(bytes(5, 1, 0, 2))), 8, 'an unknown kind of address');
  assert.is(code(request(bytes(4))), 1);
  assert.is(replyTo(Object.assign(new Error(), { code: 'ECONNREFUSED' }))[1], 5);
  assert.is(replyTo(Object.assign(new Error(), { code: 'ENETUNREACH' }))[1], 4);
  assert.is(replyTo(new Error())[1], 1);
  assert.equal(reply('succeeded'), bytes(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
});
