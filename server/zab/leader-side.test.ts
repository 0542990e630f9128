import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { JointQuorum } from '../membership/joint-quorum.ts';
import { QuorumMaj } from '../membership/quorum-maj.ts';
import { OBSERVER_EPOCH_JUMP_MAX, VOTER_EPOCH_JUMP_MAX } from './epoch-claims.ts';
import { type LeaderEvent, type LeaderOutput, LeaderSide } from './leader-side.ts';

/** Compares the leader with a naive twin that keeps all claims and counts them again at each event. */
const test = suite('zab: what a leader decides across its learners, by properties');

const OWN = { sid: 1, acceptedEpoch: 3, currentEpoch: 2, lastZxid: 0x2_0000_0005 };
const FAR = VOTER_EPOCH_JUMP_MAX + 100;
/** Server 8 is an observer of the configuration; server 9 is in none. */
const SIDS = [1, 2, 3, 4, 5, 6, 8, 9] as const;
const OBSERVER = 8;
const STRANGER = 9;

/** Transcripts tell of the oracle. */
type Event = Exclude<LeaderEvent<number>, { type: 'authorized' }>;
type Output = LeaderOutput<number>;

/** What happens next. A connection goes on from its present step: FOLLOWERINFO, ACKEPOCH, ACK. */
type Act =
  | {
      readonly type: 'connect';
      readonly sid: number;
      readonly isObserver: boolean;
      readonly acceptedEpoch: number;
    }
  | {
      readonly type: 'goOn';
      readonly learner: number;
      readonly currentEpoch: number | null;
      readonly counter: number;
    }
  | { readonly type: 'leave'; readonly learner: number }
  | { readonly type: 'confirm'; readonly sid: number; readonly acceptedEpoch: number }
  | { readonly type: 'commit' };

interface Story {
  readonly voters: readonly number[];
  /** The voters of a configuration that was seen and is not committed. */
  readonly next: readonly number[] | null;
  readonly acts: readonly Act[];
}

const epochs = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 8 }) },
  { weight: 1, arbitrary: fc.constantFrom(OBSERVER_EPOCH_JUMP_MAX + 3, OBSERVER_EPOCH_JUMP_MAX + 4, FAR) },
);
const someVoters = fc.subarray([2, 3, 4, 5, 6]).map(others => [OWN.sid, ...others]);
const connection = fc.nat({ max: 11 });

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('connect' as const),
      sid: fc.constantFrom(...SIDS.slice(1)),
      isObserver: fc.integer({ min: 0, max: 4 }).map(n => n === 0),
      acceptedEpoch: epochs,
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      type: fc.constant('goOn' as const),
      learner: connection,
      currentEpoch: fc.option(fc.integer({ min: 1, max: 3 }), { freq: 6 }),
      counter: fc.constantFrom(-1, 4, 5, 6),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('leave' as const), learner: connection }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('confirm' as const),
      sid: fc.constantFrom(2, 3),
      acceptedEpoch: epochs,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'commit' as const }) },
);

const stories: fc.Arbitrary<Story> = fc.record({
  voters: someVoters,
  next: fc.option(someVoters),
  acts: fc.array(act, { minLength: 5, maxLength: 40 }),
});

const majority = (voters: readonly number[]) =>
  new QuorumMaj({ version: 0, text: '', voters, observers: [] });

type Said = 'claim' | 'ack' | 'newLeaderAck';

/** Keeps all that was said, and nothing that follows from it. */
class Twin {
  voters: readonly number[];
  next: readonly number[] | null;
  readonly said: { readonly what: Said; readonly sid: number }[] = [];
  readonly waiting: { readonly what: Said; readonly learner: number }[] = [];
  /** Epochs that were claimed and believed. */
  readonly believed: number[] = [];
  known = OWN.acceptedEpoch;
  readonly over: Said[] = [];
  epoch = -1;

  constructor({ voters, next }: Story) {
    this.voters = voters;
    this.next = next;
  }

  isVoter(sid: number): boolean {
    return this.voters.includes(sid) || (this.next ?? []).includes(sid);
  }

  /** True when more than half of the voters of each configuration have said it, and so has the leader. */
  isQuorum(what: Said): boolean {
    const sids = this.said.filter(each => each.what === what).map(each => each.sid);
    const decides = (voters: readonly number[]) =>
      voters.filter(voter => sids.includes(voter)).length > voters.length / 2;
    return sids.includes(OWN.sid) && decides(this.voters) && (this.next === null || decides(this.next));
  }

  /** The expected outputs of an event, as text. */
  foretell(event: Event): string[] {
    const lines: string[] = [];
    if (event.type === 'start') {
      this.say('claim', OWN.sid, this.known);
    } else if (event.type === 'left') {
      const left = this.waiting.findIndex(each => each.learner === event.learner);
      if (left >= 0) this.waiting.splice(left, 1);
    } else if (event.type === 'confirmed') {
      if (event.acceptedEpoch <= this.known) return [];
      this.known = event.acceptedEpoch;
      this.believed.push(event.acceptedEpoch);
      return this.over.includes('claim') ? ['remember', 'resign'] : ['remember'];
    } else {
      const counts = this.isVoter(event.sid) && (!event.isObserver || !this.voters.includes(event.sid));
      if (event.type === 'info' && !this.over.includes('claim')) {
        const most = this.known + (counts ? VOTER_EPOCH_JUMP_MAX : OBSERVER_EPOCH_JUMP_MAX);
        if (event.acceptedEpoch > most && counts) return ['ask', `refuse ${event.learner}`];
        if (event.acceptedEpoch <= most && event.sid !== STRANGER) this.believed.push(event.acceptedEpoch);
      } else if (event.type === 'info' && counts && event.acceptedEpoch > this.epoch && !event.isSynced) {
        lines.push('ask');
      }
      if (event.type === 'ackEpoch' && !this.over.includes('ack')) {
        const [epoch, zxid] = [event.currentEpoch ?? 0, event.lastZxid];
        if (epoch > OWN.currentEpoch || (epoch === OWN.currentEpoch && zxid > OWN.lastZxid))
          return [`refuse ${event.learner}`];
      }
      const what = { info: 'claim', ackEpoch: 'ack', ackNewLeader: 'newLeaderAck' }[event.type] as Said;
      this.waiting.push({ what, learner: event.learner });
      const isOpen =
        event.type === 'ackEpoch' &&
        (event.currentEpoch === null || (event.lastZxid < 0 && event.currentEpoch === OWN.currentEpoch));
      if (counts && !isOpen) this.say(what, event.sid, null);
    }
    return [...lines, ...this.decisions(), ...this.answers()];
  }

  say(what: Said, sid: number, acceptedEpoch: number | null): void {
    if (acceptedEpoch !== null) this.believed.push(acceptedEpoch);
    if (!this.over.includes(what)) this.said.push({ what, sid });
    this.isNews = !this.over.includes(what);
  }

  /** Quorums are counted when a voter has said something, not when a configuration changes. */
  isNews = false;

  decisions(): string[] {
    const lines: string[] = [];
    for (const what of ['claim', 'ack', 'newLeaderAck'] as const) {
      if (!this.isNews || this.over.includes(what) || !this.isQuorum(what)) continue;
      this.over.push(what);
      if (what === 'claim') {
        this.epoch = Math.max(...this.believed) + 1;
        this.known = Math.max(this.known, this.epoch);
        lines.push(`acceptEpoch ${this.epoch}`, ...this.answers());
        this.said.push({ what: 'ack', sid: OWN.sid });
      } else if (what === 'ack') {
        lines.push(`beginEpoch ${this.epoch}`, ...this.answers());
        this.said.push({ what: 'newLeaderAck', sid: OWN.sid });
      } else lines.push(`serve ${this.epoch}`);
    }
    this.isNews = false;
    return lines;
  }

  answers(): string[] {
    const due = this.waiting.filter(({ what }) => this.over.includes(what));
    for (const each of due) this.waiting.splice(this.waiting.indexOf(each), 1);
    const names = { claim: 'proposeEpoch', ack: 'synchronise', newLeaderAck: 'upToDate' };
    return due.map(({ what, learner }) => `${names[what]} ${learner}`);
  }
}

function textOf(output: Output): string {
  if ('learner' in output) return `${output.type} ${output.learner}`;
  return 'epoch' in output ? `${output.type} ${output.epoch}` : output.type;
}

/** The step at which a connection is. */
type Stage = 'info' | 'told' | 'acked' | 'synchronised' | 'serving' | 'gone';

class Telling {
  readonly membership: { quorum: JointQuorum; servers: ReadonlyMap<number, null> };
  readonly side: LeaderSide<number>;
  readonly outputs: Output[] = [];
  readonly connections: { readonly sid: number; readonly isObserver: boolean; stage: Stage }[] = [];
  onStep: (event: Event, outputs: readonly Output[]) => void = () => {};
  readonly #story: Story;

  constructor(story: Story) {
    this.#story = story;
    const { voters, next } = story;
    const servers = [...voters, ...(next ?? []), OBSERVER];
    this.membership = {
      quorum: new JointQuorum(majority(voters), next === null ? null : majority(next)),
      servers: new Map(servers.map(sid => [sid, null])),
    };
    this.side = new LeaderSide(OWN, this.membership);
  }

  get resigned(): boolean {
    return this.outputs.some(({ type }) => type === 'resign');
  }

  tell(skip: (act: Act) => boolean = () => false): this {
    this.step({ type: 'start' });
    for (const act of this.#story.acts) {
      if (this.resigned) break;
      if (act.type === 'connect') this.#connect(act, skip(act));
      else if (act.type === 'goOn') this.#goOn(act);
      else if (act.type === 'leave') this.#leave(act.learner);
      else if (act.type === 'confirm') this.step({ ...act, type: 'confirmed' });
      else this.#commit();
    }
    return this;
  }

  #connect({ sid, isObserver, acceptedEpoch }: Act & { type: 'connect' }, isSkipped: boolean): void {
    const learner = this.connections.length;
    const stage = isSkipped || !(sid === STRANGER || this.membership.servers.has(sid)) ? 'gone' : 'info';
    const connection = { sid, isObserver: isObserver || sid === OBSERVER, stage } as const;
    this.connections.push({ ...connection });
    if (stage === 'gone') return;
    const isSynced = this.connections.some(other => other.sid === sid && other.stage === 'serving');
    this.step({ type: 'info', learner, ...connection, acceptedEpoch, isSynced });
  }

  #goOn({ learner, currentEpoch, counter }: Act & { type: 'goOn' }): void {
    const connection = this.connections[learner];
    if (connection?.stage === 'told') {
      connection.stage = 'acked';
      const lastZxid = counter < 0 || currentEpoch === null ? counter : currentEpoch * 2 ** 32 + counter;
      this.step({ type: 'ackEpoch', learner, ...connection, currentEpoch, lastZxid });
    } else if (connection?.stage === 'synchronised') {
      connection.stage = 'serving';
      this.step({ type: 'ackNewLeader', learner, ...connection });
    }
  }

  #leave(learner: number): void {
    const connection = this.connections[learner];
    if (connection === undefined || connection.stage === 'gone') return;
    connection.stage = 'gone';
    this.step({ type: 'left', learner });
  }

  #commit(): void {
    const { next } = this.membership.quorum;
    if (next !== null) this.membership.quorum = new JointQuorum(next);
  }

  step(event: Event): void {
    const outputs = this.side.step(event);
    this.outputs.push(...outputs);
    for (const output of outputs) this.#onOutput(output);
    this.onStep(event, outputs);
  }

  #onOutput(output: Output): void {
    if (!('learner' in output)) return;
    const connection = this.connections[output.learner]!;
    assert.is.not(connection.stage, 'gone', `connection ${output.learner} has left`);
    const next = { proposeEpoch: 'told', synchronise: 'synchronised', upToDate: 'serving', refuse: 'gone' };
    connection.stage = next[output.type] as Stage;
  }
}

test('the leader decides as a twin that keeps all claims and counts them again at each event', () => {
  fc.assert(
    fc.property(stories, story => {
      const telling = new Telling(story);
      const twin = new Twin(story);
      telling.onStep = (event, outputs) => {
        const { committed, next } = telling.membership.quorum;
        twin.voters = [...committed.voters];
        twin.next = next === null ? null : [...next.voters];
        assert.equal(outputs.map(textOf), twin.foretell(event), JSON.stringify(event));
      };
      telling.tell();
    }),
    { numRuns: 400 },
  );
});

test('each of the three decisions is made once, in order, and the epoch is above all that its quorum accepted', () => {
  fc.assert(
    fc.property(stories, story => {
      const telling = new Telling(story);
      const accepted = [OWN.acceptedEpoch];
      telling.onStep = (event, outputs) => {
        if (event.type !== 'info' || event.isObserver || !telling.membership.quorum.isVoter(event.sid))
          return;
        if (outputs.some(({ type }) => type === 'refuse')) return;
        const before = outputs.findIndex(({ type }) => type === 'acceptEpoch');
        if (telling.side.epoch < 0 || before >= 0) accepted.push(event.acceptedEpoch);
      };
      telling.tell();
      const decisions = telling.outputs.filter(({ type }) =>
        ['acceptEpoch', 'beginEpoch', 'serve'].includes(type),
      );
      const inOrder = ['acceptEpoch', 'beginEpoch', 'serve'].slice(0, decisions.length);
      assert.equal(
        decisions.map(({ type }) => type),
        inOrder,
      );
      const { epoch } = telling.side;
      if (epoch >= 0) assert.ok(epoch > Math.max(...accepted), `epoch ${epoch}, accepted ${accepted}`);
    }),
    { numRuns: 200 },
  );
});

/** True when no configuration gives this observer a vote of which it does not know. */
function isMereObserver(act: Act, { voters, next }: Story): boolean {
  if (act.type !== 'connect' || !(act.isObserver || act.sid === OBSERVER)) return false;
  return next === null || voters.includes(act.sid) || !next.includes(act.sid);
}

test('without its observers a leader decides the same at the same events', () => {
  const decisionsOf = (story: Story, isAlone: boolean) => {
    const decisions: string[] = [];
    const telling = new Telling(story);
    telling.onStep = (event, outputs) => {
      const made = outputs.filter(({ type }) => ['acceptEpoch', 'beginEpoch', 'serve'].includes(type));
      if (made.length > 0) decisions.push(`${JSON.stringify(event)}: ${made.map(textOf)}`);
    };
    telling.tell(act => isAlone && isMereObserver(act, story));
    return decisions;
  };
  // What an observer has accepted may raise the epoch; here they have accepted nothing.
  const humble = stories.map(story => ({
    ...story,
    acts: story.acts.map(act => (isMereObserver(act, story) ? { ...act, acceptedEpoch: 0 } : act)),
  }));
  fc.assert(
    fc.property(humble, story => assert.equal(decisionsOf(story, true), decisionsOf(story, false))),
    { numRuns: 200 },
  );
});

test('B5: a learner that leaves while it waits is neither answered nor kept', () => {
  const side = new LeaderSide<object>(OWN, {
    quorum: new JointQuorum(majority([1, 2, 3])),
    servers: new Map(),
  });
  side.step({ type: 'start' });
  const [stays, goes] = [{}, {}];
  const info = { type: 'info', sid: STRANGER, isObserver: true, acceptedEpoch: 0, isSynced: false } as const;
  for (const learner of [stays, goes]) side.step({ ...info, learner });
  side.step({ type: 'left', learner: goes });
  const outputs = side.step({ ...info, sid: 2, isObserver: false, learner: {} });
  const answered = outputs.flatMap(output => ('learner' in output ? [output.learner] : []));
  assert.is(answered.length, 2);
  assert.ok(answered.includes(stays));
  assert.not(answered.includes(goes));
});
