import { assert, suite } from '#test';
import { RelayedRequests } from './relayed-requests.ts';

const test = suite('quorum: requests that a learner has relayed for others');

const KIB = 1024;

test('B5: relayed requests count to the last byte until their transactions come back, whatever the order of sessions', () => {
  let rooms = 0;
  const relayed = new RelayedRequests(100 * KIB, () => rooms++);
  relayed.passedOn(0, 1, 50 * KIB);
  relayed.passedOn(0, 1, 7);
  assert.not.ok(relayed.isFull);
  relayed.passedOn(0, 2, 60 * KIB, 3);
  assert.ok(relayed.isFull);
  relayed.answered(0, 3);
  assert.ok(relayed.isFull, 'nothing of that session was passed on');
  relayed.answered(0, 2);
  relayed.answered(0, 1);
  assert.is(rooms, 0);
  relayed.answered(0, 2);
  relayed.answered(0, 2);
  assert.equal([relayed.isFull, rooms], [false, 1]);
  relayed.answered(0, 1);
  assert.is(relayed.bytes, 0);
  relayed.answered(0, 1);
  assert.is(relayed.bytes, 0);
});

test('a session that is over leaves nothing behind', () => {
  const relayed = new RelayedRequests(100 * KIB, () => {});
  relayed.passedOn(0, 1, 200 * KIB, 10);
  relayed.answered(0, 1);
  relayed.ended(0, 1);
  relayed.ended(0, 1);
  assert.equal([relayed.bytes, relayed.isFull], [0, false]);
});
