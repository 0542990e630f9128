import { assert, suite } from '#test';
import { fc } from '#test/properties';
import type { Request } from '../../processors/request.ts';
import {
  OWED_READS_MAX,
  PENDING_MAX,
  type Pending,
  SessionOrder,
  SUBMITTED_BYTES_MAX,
  WAITING_READS_BYTES_MAX,
  WIDE,
} from './session-order.ts';

const test = suite('clients: the order of a session');

const CHUNK = Buffer.alloc(1000);

function pending(kind: 'write' | 'read' | 'wide', bytes = CHUNK, length = 10): Pending {
  const request = kind === 'write' ? ({} as Request) : null;
  const weight = kind === 'write' ? 0 : kind === 'wide' ? WIDE : 1;
  return { xid: 1, op: 1, bytes, start: 0, end: length, request, refusal: 0, weight };
}

function orderOf(...all: readonly Pending[]): SessionOrder {
  const order = new SessionOrder();
  for (const each of all) order.push(each);
  return order;
}

test('a write may be submitted behind few reads, and behind none that may be long', () => {
  const order = orderOf(pending('write'));
  for (let i = 0; i <= OWED_READS_MAX; i++) {
    assert.is(order.hasRoom(true), true, `behind ${i} reads`);
    order.push(pending('read'));
  }
  assert.equal([order.hasRoom(true), order.hasRoom(false)], [false, true]);
  const behindWide = orderOf(pending('write'), pending('wide'));
  assert.equal(
    [behindWide.hasRoom(true), behindWide.hasRoom(false), behindWide.isRelaxed],
    [false, true, false],
  );
});

test('field report B5: what is under way is bounded in bytes, what waits behind it in number and in bytes', () => {
  const large = Buffer.alloc(SUBMITTED_BYTES_MAX / 2);
  const other = Buffer.alloc(SUBMITTED_BYTES_MAX / 2);
  assert.is(orderOf(pending('write', large)).hasRoom(true), true);
  const full = orderOf(pending('write', large), pending('write', other));
  assert.equal([full.hasRoom(true), full.hasRoom(false), full.isRelaxed], [false, false, false]);
  full.shift();
  assert.is(full.isRelaxed, true);

  const reads = orderOf(pending('write'));
  for (let bytes = 0; bytes < WAITING_READS_BYTES_MAX; bytes += 1000) {
    assert.is(reads.hasRoom(false), true, `${bytes} bytes of reads`);
    reads.push(pending('read', CHUNK, 1000));
  }
  assert.is(reads.hasRoom(false), false);

  const many = orderOf(pending('write'));
  while (many.length < PENDING_MAX) many.push(pending('read', CHUNK, 0));
  assert.equal([many.hasRoom(false), many.isRelaxed], [false, false]);
});

test('property: bytes are those of the chunks that some request is in, each once; emptied, nothing is left', () => {
  const chunks = [1000, 500, 64_000, 7].map(bytes => Buffer.alloc(bytes));
  const kind = fc.constantFrom('write', 'read', 'wide');
  const step = fc.oneof(fc.tuple(kind, fc.boolean()), fc.constant(null));
  fc.assert(
    fc.property(fc.array(step), steps => {
      const order = new SessionOrder();
      const twin: Pending[] = [];
      let at = 0;
      for (const next of steps) {
        if (next === null) {
          order.shift();
          twin.shift();
        } else {
          if (next[1]) at = (at + 1) % chunks.length;
          const added = pending(next[0], chunks[at]);
          order.push(added);
          twin.push(added);
        }
        let bytes = 0;
        for (const [i, each] of twin.entries())
          if (twin[i - 1]?.bytes !== each.bytes) bytes += each.bytes.length;
        assert.is(order.bytes, bytes);
        assert.is(order.submitted, twin.filter(({ request }) => request !== null).length);
        assert.is(order.length, twin.length);
        assert.is(order.isAnswerable, twin[0]?.request === null);
      }
      while (order.length > 0) order.shift();
      assert.equal([order.bytes, order.submitted, order.isRelaxed], [0, 0, true]);
    }),
  );
});
