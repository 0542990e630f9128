import { assert, suite } from '#test';
import { type ActivatingMember, activationOf } from './activation.ts';
import { configurationFromText } from './configuration.ts';

const test = suite('membership: what a member does when a configuration takes effect');

const lineOf = (sid: number, role = 'participant', port = 2888) =>
  `server.${sid}=zk${sid}:${port}:3888:${role}`;
const at = (version: number, ...lines: string[]) =>
  configurationFromText([...lines, `version=${version}`].join('\n'));

const BEFORE = at(1, lineOf(1), lineOf(2), lineOf(3), lineOf(4, 'observer'));
const STAYS = { leaves: false, successor: null };
const leads: ActivatingMember = { sid: 1, leader: 1 };
const follows: ActivatingMember = { sid: 2, leader: 1 };
const observes: ActivatingMember = { sid: 4, leader: 1 };
const stranger: ActivatingMember = { sid: 9, leader: 1 };

test('a member leaves when its role or its leader changes, and follows the named leader', () => {
  const next = at(2, lineOf(1), lineOf(2, 'observer'), lineOf(3), lineOf(4));
  for (const member of [follows, observes])
    assert.equal(activationOf(member, BEFORE, next, 1), { leaves: true, successor: 1 });
  assert.equal(activationOf(leads, BEFORE, next, 1), STAYS);
  assert.equal(activationOf(leads, BEFORE, next, 3), { leaves: true, successor: 3 });
  assert.equal(activationOf(follows, BEFORE, BEFORE, 3), STAYS, 'it is no newer');
});

test('a removed voter follows on without a vote; a removed observer comes back as a follower', () => {
  const next = at(2, lineOf(1), lineOf(3));
  assert.equal(activationOf(follows, BEFORE, next, 1), STAYS);
  assert.equal(activationOf(observes, BEFORE, next, 1), { leaves: true, successor: 1 });
});

test('a server that no configuration named stays when it becomes a voter, and leaves to become an observer', () => {
  assert.equal(activationOf(stranger, BEFORE, at(2, lineOf(1), lineOf(9)), 1), STAYS);
  const asObserver = at(2, lineOf(1), lineOf(9, 'observer'));
  assert.equal(activationOf(stranger, BEFORE, asObserver, 1), { leaves: true, successor: 1 });
});

test('when no leader is named, a member looks for one if its own leader lost its vote or listens elsewhere', () => {
  const leaves = { leaves: true, successor: null };
  assert.equal(activationOf(follows, BEFORE, at(2, lineOf(2), lineOf(3)), null), leaves);
  assert.equal(activationOf(follows, BEFORE, at(2, lineOf(1, 'observer'), lineOf(2)), null), leaves);
  assert.equal(activationOf(follows, BEFORE, at(2, lineOf(1, 'participant', 2999), lineOf(2)), null), leaves);
  assert.equal(activationOf(follows, BEFORE, at(2, lineOf(1), lineOf(2)), null), STAYS);
});

test('when no leader is named, a member whose role changes goes on with a leader that stays', () => {
  const next = at(2, lineOf(1), lineOf(2), lineOf(3), lineOf(4));
  assert.equal(activationOf(observes, BEFORE, next, null), { leaves: true, successor: 1 });
});

test('an observer that the pending configuration has elected goes on leading as a voter', () => {
  const next = at(2, lineOf(1), lineOf(2), lineOf(3), lineOf(4));
  assert.equal(activationOf({ sid: 4, leader: 4 }, BEFORE, next, null), STAYS);
});

test('a member that looks has nobody to leave', () => {
  assert.equal(activationOf({ sid: 2, leader: null }, BEFORE, at(2, lineOf(2, 'observer')), null), STAYS);
});
