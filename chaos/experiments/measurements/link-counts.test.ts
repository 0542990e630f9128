import { assert, suite } from '#test';
import type { TcpSocket } from '../../../bench/hosts/tcp-sockets.ts';
import type { Member } from '../../../bench/topology/member.ts';
import { linkCountsOf } from './link-counts.ts';

const test = suite('chaos/experiments: what the kernel counts on links');

const [leader, follower, other, observer] = ['v3', 'v1', 'v2', 'o1'].map(name => ({ name }) as Member) as [
  Member,
  Member,
  Member,
  Member,
];
const MEMBERS = [leader, follower, other, observer];
const ASSIGNMENT = { leader, observers: [observer] };

function socket(bytesSent: number, bytesReceived: number, packets: number, local = '127.0.0.1:1'): TcpSocket {
  const counts = { bytesSent, bytesReceived, packetsSent: packets, packetsReceived: 2 * packets };
  return { pid: 1, local, remote: '127.1.1.3:2888', ...counts };
}

const BEFORE = new Map([
  [follower, socket(100, 100, 10)],
  [other, socket(0, 0, 0)],
  [observer, socket(50, 50, 5)],
]);
const AFTER = new Map([
  [follower, socket(300, 500, 20)],
  [other, socket(200, 400, 10)],
  [observer, socket(50, 450, 15)],
]);

test('both directions of a link count, per transaction and averaged over a role', () => {
  assert.equal(linkCountsOf(BEFORE, AFTER, ASSIGNMENT, MEMBERS, 10), {
    followerLinkBytesPerWrite: 60,
    followerLinkPacketsPerWrite: 3,
    observerLinkBytesPerWrite: 40,
    observerLinkPacketsPerWrite: 3,
  });
});

test('a role with a link that was not seen, or was dialed anew, has no counts; nor has a load without writes', () => {
  const unseen = new Map([...AFTER].filter(([member]) => member !== other));
  assert.equal(Object.keys(linkCountsOf(BEFORE, unseen, ASSIGNMENT, MEMBERS, 10)), [
    'observerLinkBytesPerWrite',
    'observerLinkPacketsPerWrite',
  ]);
  const redialed = new Map([...AFTER, [observer, socket(9_000, 9_000, 90, '127.0.0.1:2')] as const]);
  assert.equal(Object.keys(linkCountsOf(BEFORE, redialed, ASSIGNMENT, MEMBERS, 10)), [
    'followerLinkBytesPerWrite',
    'followerLinkPacketsPerWrite',
  ]);
  assert.equal(linkCountsOf(BEFORE, AFTER, ASSIGNMENT, MEMBERS, 0), {});
  assert.equal(linkCountsOf(new Map(), new Map(), ASSIGNMENT, MEMBERS, 10), {});
});
