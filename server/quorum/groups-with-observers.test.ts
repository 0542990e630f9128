/** Whole ensembles in virtual time whose quorums are made of groups, with an observer in a group. */
import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { OpCode } from '../wire/opcodes.ts';

const test = suite('quorum: groups that name observers');

const OBSERVER = 5;
/**
 * The observer has half of the weight of the first group, so server 1 alone is no majority there. Any two of
 * the three groups decide.
 */
const GROUPS = {
  'group.1': `1:2:${OBSERVER}`,
  'group.2': '3',
  'group.3': '4',
  'weight.1': 2,
  [`weight.${OBSERVER}`]: 1,
};
const LONG_MS = 10_000;

function ensemble(): MemoryEnsemble {
  return new MemoryEnsemble({ voters: 4, observers: 1, settings: GROUPS }).start();
}

function writes(members: MemoryEnsemble, path: string): void {
  members.wait(() => members.leader > 0, 'a leader');
  const at = members.leader;
  assert.is(MemoryClient.open(members, at).create(path).err, 0);
  members.wait(
    () => members.server(OBSERVER).database.tree.getNode(path) !== undefined,
    `${path} at the observer`,
  );
}

test('field report C4: two groups of three form a quorum, though they have only two of the four voters', () => {
  const members = ensemble();
  writes(members, '/all');
  members.kill(1);
  members.kill(2);
  writes(members, '/groups-2-and-3');
  members.boot(1, 2);
  writes(members, '/all-again');
});

test('field report C4: one group of three forms no quorum, with the observer or without', () => {
  const members = ensemble();
  members.kill(2);
  members.kill(3);
  members.time.runUntil(() => false, members.time.nowMs + LONG_MS);
  assert.is(members.leader, -1, '1 and 4 elect nobody: 2 of 4 in the first group');
  assert.ok([1, 4, OBSERVER].every(sid => members.server(sid).view.serving === null));
  members.boot(2);
  writes(members, '/groups-1-and-3');
});

test('a write that one majority of groups acknowledged is kept when another majority elects the next leader', () => {
  const members = ensemble();
  members.kill(1);
  members.kill(2);
  writes(members, '/kept');
  members.kill(members.leader);
  members.boot(1, 2);
  writes(members, '/later');
  const client = MemoryClient.open(members, members.leader);
  assert.is(client.ask(OpCode.exists, body.read('/kept')).err, 0);
});

test('groups and weights without any quorum cause a warning and no refusal, as with Apache', () => {
  const members = new MemoryEnsemble({
    voters: 3,
    settings: { 'group.1': '1:2:3', 'weight.1': 0, 'weight.2': 0, 'weight.3': 0 },
  });
  members.boot();
  members.time.runUntil(() => false, members.time.nowMs + LONG_MS);
  assert.is(members.leader, -1);
  for (const sid of [1, 2, 3])
    assert.match(members.messages(sid, 'warn').join('\n'), /this ensemble cannot serve/);
});
