import { assert, suite } from '#test';
import { type Configuration, configurationOf } from './configuration.ts';
import { Membership, type MembershipChange } from './membership.ts';
import { parseQuorumConfig } from './quorum-text.ts';

const test = suite('membership: the committed and the last seen configuration');

function configuration(voters: readonly number[], version: number, port = 1): Configuration {
  const lines = voters.map(sid => `server.${sid}=zk${sid}:${port}:9\n`).join('');
  return configurationOf(parseQuorumConfig(`${lines}version=${version.toString(16)}`));
}

const FILE = configuration([1, 2, 3], 0);
const NEXT = configuration([3, 4, 5], 7);

function membership(sid = 1) {
  const changes: MembershipChange[] = [];
  return { changes, membership: new Membership(sid, FILE, what => void changes.push(what)) };
}

test('until another configuration is seen, the one from the file decides alone', () => {
  const { membership: members, changes } = membership();
  assert.is(members.committed, FILE);
  assert.is(members.lastSeen, FILE);
  assert.is(members.quorum.committed, FILE.verifier);
  assert.is(members.quorum.next, null);
  assert.is(members.servers, FILE.servers);
  assert.equal(changes, []);
});

test('a configuration that is seen decides beside the committed one, and alone once it is committed', () => {
  const { membership: members, changes } = membership();
  members.see(NEXT, 7);
  assert.is(members.committed, FILE, 'votes name it still');
  assert.is(members.lastSeen, NEXT, 'NEWLEADER names it');
  assert.is(members.quorum.next, NEXT.verifier);
  assert.is(members.quorum.nextFrom, 7);
  assert.equal([...members.servers.keys()].sort(), [1, 2, 3, 4, 5], 'those that join have to be reached');
  assert.ok(members.commit(NEXT));
  assert.is(members.committed, NEXT);
  assert.is(members.quorum.committed, NEXT.verifier);
  assert.is(members.quorum.next, null);
  assert.is(members.servers, NEXT.servers);
  assert.equal(changes, ['seen', 'committed']);
});

test('an abandoned configuration gives way to what a leader names, even when that is the committed one', () => {
  const { membership: members } = membership();
  members.see(NEXT);
  const other = configuration([1, 2], 5);
  members.see(other);
  assert.is(members.lastSeen, other);
  members.see(FILE);
  assert.is(members.lastSeen, FILE);
  assert.is(members.quorum.next, null);
});

test('nothing older than the committed configuration is seen or committed', () => {
  const { membership: members, changes } = membership();
  members.commit(NEXT);
  members.see(configuration([1, 2], 6));
  assert.is(members.lastSeen, NEXT);
  assert.not(members.commit(configuration([1, 2], 6)));
  assert.not(members.commit(NEXT));
  assert.is(members.committed, NEXT);
  assert.equal(changes, ['committed']);
});

test('an earlier configuration is committed while a later one is proposed: the later one counts from its proposal on', () => {
  const { membership: members } = membership();
  const later = configuration([4, 5, 6], 9);
  members.see(later, 9);
  members.commit(NEXT);
  assert.is(members.quorum.committed, NEXT.verifier);
  assert.is(members.quorum.next, later.verifier);
  assert.is(members.quorum.nextFrom, 9);
});

test('addresses of members and the own role come from the committed configuration; addresses of joining servers from the next one', () => {
  const { membership: members } = membership(3);
  members.see(configuration([2, 3, 4], 7, 5));
  const portOf = (sid: number) => members.servers.get(sid)?.addresses[0].quorumPort;
  assert.equal([1, 2, 3, 4].map(portOf), [1, 1, 1, 5]);
  assert.is(members.role, 'participant');
  members.commit(configurationOf(parseQuorumConfig('server.2=a:1:2\nserver.3=b:1:2:observer\nversion=8')));
  assert.is(members.role, 'observer');
});

test('every change makes another quorum, so that whoever has read one can tell', () => {
  const { membership: members } = membership();
  const before = members.quorum;
  members.see(FILE);
  assert.is(members.quorum, before, 'nothing has changed');
  members.see(NEXT);
  const joint = members.quorum;
  assert.is.not(joint, before);
  members.commit(NEXT);
  assert.is.not(members.quorum, joint);
});
