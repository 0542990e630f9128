import { suite } from '#test';
import { type Commands, type CommandWords, testTranscripts } from '../transcripts.test-kit.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { zxidToHex } from '../wire/zxid.ts';
import { Conversation, GATES, type Gate } from './conversation.test-kit.ts';
import type { LearnerOnDisk } from './learner-model.test-kit.ts';
import type { MasterState } from './master-model.test-kit.ts';

/**
 * master epoch=2 history=0x100000001..5 [memory=0x100000003] [disk=0x100000002] [as=observer-master] [snap]
 *     [proposals]
 * learner history=0x100000001..3 [as=observer] [accepted=1] [current=1] [wiped] [proposals]
 * connect   cut   crash   hold disk   release disk   propose 0x200000001   commit   let-go   state
 * say M COMMIT 0x100000005   say L ACK 0x200000000
 */
function commands(log: (line: string) => void): Commands {
  let master: MasterState | undefined;
  let begun: Conversation | undefined;
  const conversation = () => {
    if (begun === undefined) throw new Error('a story begins with "> master", then "> learner"');
    return begun;
  };
  return {
    master: line => {
      master = masterOf(line);
    },
    learner: line => {
      begun = master && new Conversation(learnerOf(line), master, log);
    },
    connect: () => conversation().connect(),
    cut: () => conversation().cut(),
    crash: () => conversation().crash(),
    hold: ({ words }) => conversation().hold(gate(words[0])),
    release: ({ words }) => conversation().release(gate(words[0])),
    propose: ({ words }) => conversation().propose(Number(words[0])),
    commit: () => conversation().commit(),
    'let-go': () => conversation().letGo(),
    say: ({ words }) => {
      const [speaker, name, zxid] = words;
      const type = PacketType[name as keyof typeof PacketType];
      if (type === undefined) throw new Error(`say ${words.join(' ')}: no packet is called that`);
      if (speaker === 'M') conversation().sayToLearner(type, Number(zxid));
      else conversation().sayToMaster(type, Number(zxid));
    },
    state: () => {
      const { disk, history, tree } = conversation().learner;
      const last = (history: readonly number[]) => zxidToHex(history.at(-1) ?? 0);
      log(
        `L      has ${last(history)} on its disk and ${last(tree)} in memory, ` +
          `acceptedEpoch ${disk.acceptedEpoch}, currentEpoch ${disk.currentEpoch}`,
      );
    },
  };
}

function masterOf(line: CommandWords): MasterState {
  return {
    name: line.option('as') === 'observer-master' ? 'observer master' : 'leader',
    offersProposals: line.has('proposals'),
    epoch: line.number('epoch', 2),
    committed: zxids(line.option('history')),
    memoryFrom: line.number('memory', 0),
    diskFrom: line.number('disk', 0),
    forceSnapshot: line.has('snap'),
  };
}

function learnerOf(line: CommandWords): LearnerOnDisk {
  const log = zxids(line.option('history'));
  const isObserver = line.option('as') === 'observer';
  return {
    sid: isObserver ? 4 : 2,
    role: isObserver ? 'observer' : 'follower',
    asksForProposals: line.has('proposals'),
    acceptedEpoch: line.number('accepted', 1),
    currentEpoch: line.number('current', 1),
    snapshot: zxids(line.option('snapshot')),
    log,
    durable: log.length,
    isWiped: line.has('wiped'),
    snapshotNeeded: false,
  };
}

/** "0x100000001..3,0x200000001": the first three of epoch 1, then one of epoch 2. */
function zxids(text: string | undefined): number[] {
  if (text === undefined) return [];
  return text.split(',').flatMap(range => {
    const [first = '', last] = range.split('..');
    const from = Number(first);
    const count = last === undefined ? 1 : Number(last) - (from % 2 ** 32) + 1;
    return Array.from({ length: count }, (_, at) => from + at);
  });
}

function gate(name: string | undefined): Gate {
  const found = GATES.find(known => known === name);
  if (found === undefined) throw new Error(`"${name}" cannot be held: ${GATES.join(', ')} can`);
  return found;
}

testTranscripts(
  suite('zab: transcripts of a synchronisation'),
  new URL('../../../server/zab/transcripts/', import.meta.url),
  commands,
);
