import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { assert, suite } from '#test';
import { PacketType } from '../wire/quorum-packet.ts';
import { zxidToHex } from '../wire/zxid.ts';
import {
  Conversation,
  GATES,
  type Gate,
  type LearnerOnDisk,
  type MasterState,
} from './conversation.test-kit.ts';

/**
 * Runs the stories in transcripts/: lines that start with "> " are commands, with "#" prose, and the rest is
 * what happened. `node dist/server/zab/transcripts.test.js --rewrite` writes what happens now; read the diff.
 *
 * master epoch=2 history=0x100000001..5 [memory=0x100000003] [disk=0x100000002] [as=observer-master] [snap]
 * learner history=0x100000001..3 [as=observer] [accepted=1] [current=1] [wiped]
 * connect   cut   crash   hold disk   release disk   propose 0x200000001   commit   let-go   state
 * say M COMMIT 0x100000005   say L ACK 0x200000000
 */
const folder = new URL('../../../server/zab/transcripts/', import.meta.url);
const rewrite = process.argv.includes('--rewrite');

const test = suite('zab: transcripts of a synchronisation');

const stories = readdirSync(folder).filter(name => name.endsWith('.txt'));

test('there are stories', () => assert.ok(stories.length > 0));

for (const name of stories) {
  test(name, () => {
    const file = new URL(name, folder);
    const written = readFileSync(file, 'utf8');
    const happened = play(written);
    if (rewrite) writeFileSync(file, happened);
    else assert.fixture(happened, written);
  });
}

function play(story: string): string {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  let master: MasterState | undefined;
  let conversation: Conversation | undefined;
  for (const line of story.split('\n')) {
    if (!line.startsWith('> ')) {
      if (line === '' || line.startsWith('#')) lines.push(line);
      continue;
    }
    lines.push(line);
    const [command = '', ...words] = line.slice(2).trim().split(/ +/);
    if (command === 'master') master = masterOf(words);
    else if (command === 'learner' && master !== undefined)
      conversation = new Conversation(learnerOf(words), master, log);
    else if (conversation === undefined) throw new Error('a story begins with "> master", then "> learner"');
    else run(conversation, command, words, log);
  }
  return lines.join('\n');
}

function masterOf(words: readonly string[]): MasterState {
  return {
    name: option(words, 'as') === 'observer-master' ? 'observer master' : 'leader',
    epoch: number(words, 'epoch', 2),
    committed: zxids(option(words, 'history')),
    memoryFrom: number(words, 'memory', 0),
    diskFrom: number(words, 'disk', 0),
    forceSnapshot: words.includes('snap'),
  };
}

function learnerOf(words: readonly string[]): LearnerOnDisk {
  const log = zxids(option(words, 'history'));
  const isObserver = option(words, 'as') === 'observer';
  return {
    sid: isObserver ? 4 : 2,
    role: isObserver ? 'observer' : 'follower',
    acceptedEpoch: number(words, 'accepted', 1),
    currentEpoch: number(words, 'current', 1),
    snapshot: zxids(option(words, 'snapshot')),
    log,
    durable: log.length,
    isWiped: words.includes('wiped'),
    snapshotNeeded: false,
  };
}

function option(words: readonly string[], name: string): string | undefined {
  return words.find(word => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

function number(words: readonly string[], name: string, otherwise: number): number {
  const text = option(words, name);
  return text === undefined ? otherwise : Number(text);
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

function run(
  conversation: Conversation,
  command: string,
  words: readonly string[],
  log: (line: string) => void,
): void {
  const [first = '', second = '', third = ''] = words;
  const commands: Record<string, () => void> = {
    connect: () => conversation.connect(),
    cut: () => conversation.cut(),
    crash: () => conversation.crash(),
    hold: () => conversation.hold(gate(first)),
    release: () => conversation.release(gate(first)),
    propose: () => conversation.propose(Number(first)),
    commit: () => conversation.commit(),
    'let-go': () => conversation.letGo(),
    say: () => {
      const type = PacketType[second as keyof typeof PacketType];
      if (type === undefined) throw new Error(`say ${words.join(' ')}: no packet is called that`);
      if (first === 'M') conversation.sayToLearner(type, Number(third));
      else conversation.sayToMaster(type, Number(third));
    },
    state: () => {
      const { acceptedEpoch, currentEpoch, snapshot, log: logged } = conversation.learner;
      const last = (history: readonly number[]) => zxidToHex(history.at(-1) ?? 0);
      log(
        `L      has ${last([...snapshot, ...logged])} on its disk and ${last(conversation.tree)} in memory, ` +
          `acceptedEpoch ${acceptedEpoch}, currentEpoch ${currentEpoch}`,
      );
    },
  };
  const action = commands[command];
  if (action === undefined) throw new Error(`unknown command "${command}"`);
  action();
}

function gate(name: string): Gate {
  const found = GATES.find(known => known === name);
  if (found === undefined) throw new Error(`"${name}" cannot be held: ${GATES.join(', ')} can`);
  return found;
}
