import { suite } from '#test';
import { JointQuorum } from '../membership/joint-quorum.ts';
import { QuorumMaj } from '../membership/quorum-maj.ts';
import { type Commands, type CommandWords, testTranscripts } from '../transcripts.test-kit.ts';
import { zxidToHex } from '../wire/zxid.ts';
import { type LeaderEvent, type LeaderOutput, LeaderSide } from './leader-side.ts';

/** In the stories, ids from here on are observers. */
const OBSERVERS_FROM = 7;

/**
 * leader 1 voters=1,2,3 [observers=7] [accepted=1] [current=1] [zxid=0x100000003]   start
 * authorized   sees voters=2,3,4   commits   confirms 2 accepted=9   leaves 2
 * FOLLOWERINFO 2 accepted=1 [synced]   OBSERVERINFO 7 accepted=1
 * ACKEPOCH 2 [current=1] zxid=0x100000003   ACK 2
 *
 * The connections of server 2 are 2, 2b, 2c.
 */
function commands(log: (line: string) => void): Commands {
  const servers = new Map<number, null>();
  const membership = { quorum: new JointQuorum(majority([])), servers };
  let side: LeaderSide<string> | undefined;
  const step = (event: LeaderEvent<string>) => {
    if (side === undefined) throw new Error('a story begins with "> leader"');
    for (const output of side.step(event)) log(told(output));
  };
  const info = (line: CommandWords, isObserver: boolean) => {
    const acceptedEpoch = line.number('accepted', 1);
    step({ type: 'info', ...from(line), isObserver, acceptedEpoch, isSynced: line.has('synced') });
  };
  return {
    leader: line => {
      const voters = sids(line, 'voters');
      for (const sid of [...voters, ...sids(line, 'observers')]) servers.set(sid, null);
      membership.quorum = new JointQuorum(majority(voters));
      const history = {
        sid: from(line).sid,
        acceptedEpoch: line.number('accepted', 1),
        currentEpoch: line.number('current', 1),
        lastZxid: line.number('zxid', 0x1_0000_0003),
      };
      side = new LeaderSide(history, membership);
    },
    start: () => step({ type: 'start' }),
    authorized: () => step({ type: 'authorized' }),
    sees: line => {
      const voters = sids(line, 'voters');
      for (const sid of voters) servers.set(sid, null);
      membership.quorum = new JointQuorum(membership.quorum.committed, majority(voters));
    },
    commits: () => {
      membership.quorum = new JointQuorum(membership.quorum.next!);
    },
    FOLLOWERINFO: line => info(line, false),
    OBSERVERINFO: line => info(line, true),
    ACKEPOCH: line => {
      const currentEpoch = line.option('current') === undefined ? null : line.number('current', 0);
      step({ type: 'ackEpoch', ...from(line), currentEpoch, lastZxid: line.number('zxid', -1) });
    },
    ACK: line => step({ type: 'ackNewLeader', ...from(line) }),
    confirms: line =>
      step({ type: 'confirmed', sid: from(line).sid, acceptedEpoch: line.number('accepted', 0) }),
    leaves: line => step({ type: 'left', learner: from(line).learner }),
  };
}

function majority(voters: readonly number[]): QuorumMaj {
  return new QuorumMaj({ version: 0, text: '', voters, observers: [] });
}

function sids(line: CommandWords, name: string): number[] {
  return line.option(name)?.split(',').map(Number) ?? [];
}

function from({ words: [learner = ''] }: CommandWords) {
  const sid = Number.parseInt(learner, 10);
  return { learner, sid, isObserver: sid >= OBSERVERS_FROM };
}

function told(output: LeaderOutput<string>): string {
  switch (output.type) {
    case 'acceptEpoch':
      return `writes acceptedEpoch ${output.epoch}`;
    case 'proposeEpoch':
      return `tells ${output.learner} LEADERINFO ${zxidToHex(output.epoch * 2 ** 32)}`;
    case 'beginEpoch':
      return `writes currentEpoch ${output.epoch}`;
    case 'synchronise':
      return `synchronises ${output.learner}`;
    case 'serve':
      return `serves in epoch ${output.epoch}`;
    case 'upToDate':
      return `tells ${output.learner} UPTODATE`;
    case 'ask':
      return `asks server ${output.sid}, at its own address, what it has accepted`;
    case 'remember':
      return `remembers that epoch ${output.acceptedEpoch} is accepted`;
    case 'implausible':
      return `logs that server ${output.sid} names epoch ${output.acceptedEpoch}, where ${output.known} is known`;
    case 'refuse':
      return `refuses ${output.learner}: ${output.reason}`;
    case 'resign':
      return `resigns: ${output.reason}`;
  }
}

testTranscripts(
  suite('zab: transcripts of a leader and its learners'),
  new URL('../../../server/zab/leader-transcripts/', import.meta.url),
  commands,
);
