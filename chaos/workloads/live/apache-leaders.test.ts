import { assert, suite } from '#test';
import type { Implementation } from '../../../bench/topology/implementation.ts';
import { apacheLeadersOf } from './apache-leaders.ts';

const test = suite('workloads: epochs that Apache led');

type Members = Parameters<typeof apacheLeadersOf>[0];

test('a leader of Apache says which epoch it leads; one of zklab is never among them', () => {
  const leads = (zxid: string) =>
    `2026-12-01 10:47:11.596 [QuorumPeer[myid=3](plain=127.0.0.3:2181)(secure=disabled)] INFO org.apache.zookeeper.server.quorum.Leader - Have quorum of supporters, sids: [[1, 3]]; starting up and setting last processed zxid: 0x${zxid}\n`;
  const ours = member('zklab', 'ours', leads('400000000'));
  const leaders = apacheLeadersOf([
    ours,
    member('apache', 'twice', `first\n${leads('100000000')}LOOKING\n${leads('a00000000')}`),
    member('apache@3.9.5', 'never', 'FOLLOWING\n'),
    member('apache', 'long', leads('100000000'), false),
  ]);
  assert.equal(leaders, { twice: [1, 10], never: [], long: 'any' });
  assert.is(apacheLeadersOf([ours, member({ command: 'x' }, 'other', '')]), undefined);
});

function member(
  implementation: Implementation,
  clientAddress: string,
  content: string,
  isWhole = true,
): Members[number] {
  return {
    clientAddress,
    log: { isWhole, content: () => content },
    plan: { implementation },
  } as Members[number];
}
