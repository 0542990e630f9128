/** An observer that is asked to follow another master, by AdminServer's command. */
import { assert, suite } from '#test';
import { commandPieces } from '../admin/commands.ts';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { type MemoryEnsemble, nameOf, OBSERVER_MASTER_PORT } from '../memory-ensemble.test-kit.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import {
  modeOf,
  OBSERVER,
  openReader,
  readOnlyEnsemble,
  SteadyReader,
  statesOf,
  VOTERS,
} from './read-only-observer.test-kit.ts';

const test = suite('quorum: an observer that is moved to another master');

interface Answer {
  readonly learner_master: string | null;
  readonly learner_master_id: number | null;
  readonly last_request: { readonly learner_master_id: number; readonly outcome: string } | null;
  readonly error: string | null;
}

function command(
  ensemble: MemoryEnsemble,
  name: string,
  query: Record<string, string> = {},
  sid = OBSERVER,
): Answer {
  const pieces = commandPieces(name, ensemble.server(sid).view, query);
  return JSON.parse([...pieces].join('')) as Answer;
}

const ask = (ensemble: MemoryEnsemble, learnerMaster: string | number) =>
  command(ensemble, 'set_learner_master', { learnerMaster: String(learnerMaster) });
const masterOf = (ensemble: MemoryEnsemble) => command(ensemble, 'get_learner_master').learner_master_id;
const outcomeOf = (ensemble: MemoryEnsemble) => command(ensemble, 'glms').last_request?.outcome;

const behindMasters = (settings: Readonly<Record<string, string>> = {}) =>
  readOnlyEnsemble({ observerMasterPort: OBSERVER_MASTER_PORT, ...settings });

/** These requests are sent over 20 virtual ms. */
const WRITES = 200;

const NOT_READ_ONLY = { 'observer.readOnly.enabled': 'false' };

/** The voters that do not serve the observer, followers first. */
const others = (ensemble: MemoryEnsemble): number[] =>
  VOTERS.filter(sid => sid !== masterOf(ensemble)).sort(
    (a, b) => Number(a === ensemble.leader) - Number(b === ensemble.leader),
  );

for (const [what, settings] of [
  ['a read-only observer', {}],
  ['any other observer', NOT_READ_ONLY],
] as const)
  test(`an observer is moved ${what} to each voter in turn, and no client notices: reads, writes, watches and ephemerals go on`, () => {
    const ensemble = behindMasters(settings);
    const writer = MemoryClient.open(ensemble, ensemble.leader);
    assert.is(writer.create('/a').err, 0);
    const reader = openReader(ensemble);
    const local = new SteadyReader(ensemble, reader, '/a');
    const quick = openReader(ensemble);
    const owner = MemoryClient.open(ensemble, OBSERVER);
    assert.is(owner.create('/mine', '', 1).err, 0);
    ensemble.wait(() => ensemble.server(OBSERVER).database.tree.getNode('/a') !== undefined, '/a');
    assert.is(reader.ask(OpCode.exists, body.read('/watched', true)).err, ErrorCode.NONODE);
    for (const target of [...others(ensemble), masterOf(ensemble)!]) {
      assert.is(ask(ensemble, target).error, null);
      const eventsBefore = ensemble.events.get(OBSERVER)!.length;
      const under: number[] = [];
      // A write and a read are sent every moment, so that some fall into each step of the move.
      const reads: number[] = [];
      for (let at = 0; at < WRITES; at++, ensemble.time.advance(0.1)) {
        under.push(owner.send(OpCode.create, body.create(`/from-${target}-${at}`)));
        reads.push(quick.send(OpCode.getData, body.read('/a')));
      }
      local.readFor(50);
      for (const xid of reads) assert.is(quick.replies.find(reply => reply.xid === xid)?.err, ErrorCode.OK);
      local.readUntil(
        () => masterOf(ensemble) === target && modeOf(ensemble) === 'observer',
        `master ${target}`,
      );
      const replyTo = (xid: number) => owner.replies.find(reply => reply.xid === xid);
      ensemble.wait(() => replyTo(under.at(-1)!) !== undefined, 'the writes');
      for (const xid of under) assert.is(replyTo(xid)?.err, ErrorCode.OK);
      const looked = ensemble.events
        .get(OBSERVER)!
        .slice(eventsBefore)
        .filter(({ kind }) => kind === 'looking');
      assert.equal(looked, [], 'it holds no election');
      assert.is(outcomeOf(ensemble), 'followed');
    }
    assert.is(writer.create('/watched').err, 0);
    ensemble.wait(() => reader.replies.some(({ xid }) => xid === -1), 'the watch to fire');
    local.missedNothing(20);
    assert.equal(statesOf(reader), [], 'nobody is told of a change of state');
    assert.is(owner.raw.closed, null);
    assert.is.not(ensemble.server(OBSERVER).database.tree.getNode('/mine'), undefined);
  });

test('the command names a member by its sid, its host, or its host and port, and by nothing else', () => {
  const ensemble = behindMasters();
  const [first, second] = others(ensemble) as [number, number];
  for (const [name, sid] of [
    [nameOf(first), first],
    [`${nameOf(second)}:${OBSERVER_MASTER_PORT}`, second],
    [`${first}`, first],
  ] as const) {
    assert.is(ask(ensemble, name).error, null, name);
    ensemble.wait(() => outcomeOf(ensemble) === 'followed', name);
    assert.is(masterOf(ensemble), sid);
  }
  assert.equal(ask(ensemble, first).last_request, { learner_master_id: first, outcome: 'already followed' });
  for (const name of ['9', 'zk', `${nameOf(second)}:2181`, '', `${OBSERVER}`]) {
    const { error } = ask(ensemble, name);
    assert.match(
      error ?? '',
      /^Not a valid learner master; accepted is one of 1 \(zk1:2191\), 2 \(zk2:2191\), 3/,
    );
  }
  assert.match(command(ensemble, 'slms').error ?? '', /needs learnerMaster=/);
  assert.is(masterOf(ensemble), first);
});

test('a target that does not answer is refused, and the observer stays where it is', () => {
  const ensemble = behindMasters();
  const [target] = others(ensemble) as [number];
  const former = masterOf(ensemble)!;
  const reader = new SteadyReader(ensemble, openReader(ensemble), '/');
  ensemble.network.cut(nameOf(OBSERVER), nameOf(target), 'blackhole');
  const before = ensemble.events.get(OBSERVER)!.length;
  assert.is(ask(ensemble, target).error, null);
  reader.readUntil(() => outcomeOf(ensemble) !== 'under way', 'the outcome');
  assert.match(outcomeOf(ensemble) ?? '', /^refused: .*no answer from/);
  assert.is(masterOf(ensemble), former);
  assert.equal(ensemble.events.get(OBSERVER)!.slice(before), [], 'it never left its master');
  reader.missedNothing(100);
});

test('when the target dies at that moment the observer loses nothing: another master serves it', () => {
  const ensemble = behindMasters();
  const [target] = others(ensemble) as [number];
  const reader = new SteadyReader(ensemble, openReader(ensemble), '/');
  assert.is(ask(ensemble, target).error, null);
  ensemble.wait(
    () => ensemble.server(OBSERVER).view.peer!.masterChange!.isUnderWay,
    'it to leave its master',
  );
  ensemble.kill(target);
  reader.readUntil(() => outcomeOf(ensemble) !== 'under way', 'the outcome');
  assert.match(outcomeOf(ensemble) ?? '', /^not followed: server \d is followed instead$/);
  reader.missedNothing(5);
});

test('a present master that answers nothing delays the change by one second', () => {
  const ensemble = behindMasters();
  const [target] = others(ensemble) as [number];
  const former = masterOf(ensemble)!;
  ensemble.network.swallow(nameOf(former), nameOf(OBSERVER));
  assert.is(ask(ensemble, target).error, null);
  ensemble.time.advance(1500);
  assert.is(masterOf(ensemble), target);
});

test('members that have no choice of masters refuse the command', () => {
  const ensemble = behindMasters();
  const refusal = (sid: number) =>
    command(ensemble, 'set_learner_master', { learnerMaster: '1' }, sid).error ?? '';
  for (const sid of VOTERS) assert.match(refusal(sid), /^only an observer with observerMasterPort/);
  for (const sid of VOTERS) ensemble.kill(sid);
  ensemble.wait(() => modeOf(ensemble) === 'read-only', 'the observer to be read-only');
  assert.match(refusal(OBSERVER), /no master at the moment/);
});
