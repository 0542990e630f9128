import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { PacketType } from '../wire/quorum-packet.ts';
import { epochOf, follows, makeZxid } from '../wire/zxid.ts';
import { Conversation, GATES, type Gate } from './conversation.test-kit.ts';
import type { LearnerOnDisk } from './learner-model.test-kit.ts';
import type { LearnerOutput } from './learner-side.ts';
import type { MasterState } from './master-model.test-kit.ts';

/**
 * Both sides of the synchronisation over random histories, with random delays, lost connections and power
 * losses. This test covers the order of steps and packets; `learner.test.ts` covers bytes and disk.
 */
const test = suite('zab: synchronisation, by properties');

type Upset = (typeof UPSETS)[number];
const UPSETS = ['propose', 'commit', 'let go', 'cut', 'crash', 'hold', 'release'] as const;

interface Story {
  /** Transactions of each epoch that is over. */
  readonly epochs: readonly number[];
  /** Shares of the history, 0 to 1: what the master has in memory and on disk, what the learner has. */
  readonly memory: number;
  readonly disk: number;
  readonly known: number;
  readonly inSnapshot: number;
  /** Number of proposals that only this follower has. */
  readonly extra: number;
  readonly forceSnapshot: boolean;
  readonly isObserver: boolean;
  readonly isWiped: boolean;
  readonly hasAccepted: boolean;
  /** Gates that are held during the first connection. */
  readonly held: readonly Gate[];
  readonly upsets: readonly (readonly [Upset, number])[];
}

const share = fc.integer({ min: 0, max: 8 }).map(eighths => eighths / 8);
const story: fc.Arbitrary<Story> = fc.record({
  epochs: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
  memory: share,
  disk: share,
  known: share,
  inSnapshot: share,
  extra: fc.nat({ max: 2 }),
  forceSnapshot: fc.boolean(),
  isObserver: fc.boolean(),
  isWiped: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
  hasAccepted: fc.boolean(),
  held: fc.subarray([...GATES], { maxLength: 2 }),
  upsets: fc.array(fc.tuple(fc.constantFrom(...UPSETS), fc.nat({ max: GATES.length - 1 })), {
    maxLength: 25,
  }),
});

function masterOf({ epochs, memory, disk, forceSnapshot }: Story): MasterState {
  const committed = epochs.flatMap((count, at) =>
    Array.from({ length: count }, (_, counter) => makeZxid(at + 1, counter + 1)),
  );
  const from = (part: number) => committed[Math.floor(part * (committed.length - 1))]!;
  return {
    name: 'leader',
    epoch: epochs.length + 1,
    committed,
    memoryFrom: from(memory),
    diskFrom: from(disk),
    forceSnapshot,
  };
}

function learnerOf(told: Story, { committed, epoch }: MasterState): LearnerOnDisk {
  const known = committed.slice(0, Math.round(told.known * committed.length));
  const last = known.at(-1) ?? 0;
  const next = committed[known.length];
  // Otherwise the learner would have what was committed after it in the same epoch.
  const mayHaveMore = !told.isObserver && last > 0 && (next === undefined || epochOf(next) > epochOf(last));
  const extra = Array.from({ length: mayHaveMore ? told.extra : 0 }, (_, at) => last + 1 + at);
  const history = told.isWiped ? [] : [...known, ...extra];
  const inSnapshot = Math.floor(told.inSnapshot * history.length);
  const currentEpoch = epochOf(history.at(-1) ?? 0);
  return {
    sid: told.isObserver ? 4 : 2,
    role: told.isObserver ? 'observer' : 'follower',
    acceptedEpoch: told.hasAccepted ? epoch : currentEpoch,
    currentEpoch,
    snapshot: history.slice(0, inSnapshot),
    log: history.slice(inSnapshot),
    durable: history.length - inSnapshot,
    isWiped: told.isWiped,
    snapshotNeeded: false,
  };
}

type Tamper = Conversation['tamper'];

function tell(told: Story, tamper?: Tamper): void {
  const master = masterOf(told);
  const conversation = new Conversation(learnerOf(told, master), master);
  if (tamper !== undefined) conversation.tamper = tamper;
  conversation.onLearnerOutput = output => checkBefore(output, conversation);
  let counter = 0;
  const actions: Record<Upset, (gate: number) => void> = {
    propose: () => conversation.propose(makeZxid(master.epoch, ++counter)),
    commit: () => conversation.commit(),
    'let go': () => conversation.letGo(),
    cut: () => conversation.cut(),
    crash: () => conversation.crash(),
    hold: gate => conversation.hold(GATES[gate]!),
    release: gate => conversation.release(GATES[gate]!),
  };
  for (const gate of told.held) conversation.hold(gate);
  conversation.connect();
  for (const [upset, gate] of told.upsets) {
    actions[upset](gate);
    checkHistory(conversation.learner.history);
    if (!conversation.isOpen) conversation.connect();
  }
  for (const gate of GATES) conversation.release(gate);
  // A TRUNC that a learner's files cannot satisfy costs it one more connection.
  for (let tries = 0; !conversation.isServing && tries < 2; tries++) conversation.connect();
  assert.ok(conversation.isServing, 'the learner is synced in the end');
  assert.equal(conversation.learner.tree, master.committed, 'to the history of its master');
  assert.is(conversation.learner.disk.currentEpoch, master.epoch);
}

function checkHistory(history: readonly number[]): void {
  history.forEach((zxid, at) => {
    assert.ok(follows(zxid, history[at - 1] ?? 0), `${zxid} behind ${history[at - 1]}`);
  });
}

/** Checks what must be durable before an output is carried out, because power may be lost right after it. */
function checkBefore(output: LearnerOutput, conversation: Conversation): void {
  const { disk: learner, tree } = conversation.learner;
  const { epoch } = conversation.master.state;
  const durable = [...learner.snapshot, ...learner.log.slice(0, learner.durable)];
  if (output.type === 'setCurrentEpoch') assert.equal(durable, tree, 'currentEpoch overstates the log');
  if (output.type !== 'send') return;
  const { packet } = output;
  if (packet.type === PacketType.ACKEPOCH) assert.ok(learner.acceptedEpoch >= epoch, 'promised first');
  if (packet.type !== PacketType.ACK) return;
  assert.is(packet.zxid, makeZxid(epoch, 0), 'the ACK of NEWLEADER is the first');
  assert.is(learner.currentEpoch, epoch, 'NEWLEADER is acknowledged before currentEpoch moves');
  assert.equal(durable.slice(0, tree.length), tree);
}

test('a learner ends with the history of its master, and has never claimed what it did not have on disk', () => {
  fc.assert(
    fc.property(story, told => tell(told)),
    { numRuns: 2000 },
  );
});

/** Makes `first` happen after `second`. */
function swapped(first: LearnerOutput['type'], second: LearnerOutput['type']): Tamper {
  return outputs => {
    const [a, b] = [first, second].map(type => outputs.findIndex(output => output.type === type));
    if (a === undefined || b === undefined || a < 0 || b < 0) return outputs;
    const changed = [...outputs];
    [changed[a], changed[b]] = [outputs[b]!, outputs[a]!];
    return changed;
  };
}

for (const [first, second] of [
  ['flush', 'setCurrentEpoch'],
  ['setCurrentEpoch', 'send'],
  ['setAcceptedEpoch', 'send'],
] as const) {
  test(`planted: ${first} after ${second}, and the property finds it`, () => {
    const property = fc.property(story, told => tell(told, swapped(first, second)));
    assert.ok(fc.check(property, { seed: 1, numRuns: 300 }).failed);
  });
}
