import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import type { HistoryEvent, OperationName } from '../history.ts';
import { type Detail, Story } from '../testing/story.ts';
import { checkLinearizability } from './linearizability.ts';
import { isLinearizableByForce } from './testing/brute-force.ts';
import { znodeHistories } from './znode-history.ts';
import { ABSENT, znodeModel } from './znode-model.ts';

const test = suite('checkers/linearizability');

const EPOCH = 0x1_0000_0000;

class ZnodeStory extends Story {
  /** An operation that begins and ends with nothing between. */
  done(operation: number, f: OperationName, asked: Detail, answer: Detail = {}): this {
    const about = { session: asked.session ?? '1', path: asked.path ?? '/a' };
    return this.tell('invoke', operation, f, asked).tell('ok', operation, f, { ...about, ...answer });
  }

  get judgement() {
    return checkLinearizability(this.events);
  }
}

const created = () => new ZnodeStory().done(0, 'create', { value: 'v0' }, { created: '/a' });
const written = () => created().done(1, 'setData', { value: 'v1' }, { version: 1 });

function assertIllegal(story: ZnodeStory, reason: RegExp): void {
  assert.is(story.judgement.valid, 'invalid', JSON.stringify(story.judgement));
  assert.match(story.judgement.reasons.join('\n'), reason);
}

test('writes and reads behind a sync that follow each other are valid; an empty history is unknown', () => {
  const story = written().done(2, 'sync', {}).done(3, 'getData', {}, { value: 'v1', version: 1 });
  assert.is(story.judgement.valid, 'valid');
  assert.is(story.judgement.checked, 3);
  assert.is(checkLinearizability([]).valid, 'unknown');
});

test('a lost update: two writes are answered with one version', () => {
  assertIllegal(
    written().done(2, 'setData', { value: 'v2', session: '2' }, { version: 1 }),
    /^\/a: operation 2 \(setData "v2" -> version 1\) has no place/,
  );
});

test('a compare-and-set that succeeds though another one came before it', () => {
  const cas = (operation: number) => ({ value: `c${operation}`, version: 1, session: `${operation}` });
  const story = written()
    .done(2, 'setData', cas(2), { version: 2 })
    .done(3, 'setData', cas(3), { version: 2 });
  assertIllegal(story, /operation 3 \(setData "c3" if version 1 -> version 2\)/);
});

test('a read behind a sync that does not show what was acknowledged before it', () => {
  const stale = { value: 'v0', version: 0 };
  assertIllegal(
    written().done(2, 'sync', { session: '2' }).done(3, 'getData', { session: '2' }, stale),
    /operation 3 \(getData -> "v0" version 0\)/,
  );
  const unbound = written().done(3, 'getData', { session: '2' }, stale);
  assert.is(unbound.judgement.valid, 'valid', 'a read without a sync may be stale');
  assertIllegal(written().done(2, 'getData', {}, stale), /operation 2/);
});

test('a sync that a deposed leader answers is bound to its own epoch only', () => {
  const story = (zxid: number) =>
    created()
      .done(1, 'setData', { value: 'v1' }, { version: 1, zxid: 2 * EPOCH + 1 })
      .done(2, 'sync', { session: '2' }, { zxid })
      .done(3, 'getData', { session: '2' }, { value: 'v0', version: 0, zxid });
  assert.is(story(EPOCH + 9).judgement.valid, 'valid');
  assertIllegal(story(2 * EPOCH + 1), /operation 3/);
});

test('a sync that an Apache leader answers its own client binds no read; one of any other server does', () => {
  const story = (server: string) =>
    created()
      .done(1, 'setData', { value: 'v1' }, { version: 1, zxid: EPOCH + 2, server: 'follower' })
      .done(2, 'sync', { session: '2' }, { zxid: EPOCH + 1, server })
      .done(3, 'getData', { session: '2' }, { value: 'v0', version: 0, zxid: EPOCH + 1, server }).events;
  const apacheLeaders = { apache: [1], former: [0], unknown: 'any' } as const;
  const judged = (server: string) => checkLinearizability(story(server), { apacheLeaders });
  for (const server of ['apache', 'unknown']) {
    assert.is(judged(server).valid, 'valid');
    assert.match(
      judged(server).notes!.join(),
      /1 of 1 syncs are not judged, because clients of an Apache leader/,
    );
  }
  for (const server of ['zklab', 'former']) {
    assert.is(judged(server).valid, 'invalid', server);
    assert.is(judged(server).notes, undefined);
  }
  const bound = new ZnodeStory();
  bound.events.push(...story('apache'));
  bound
    .done(4, 'sync', { session: '2' }, { zxid: EPOCH + 2, server: 'zklab' })
    .done(5, 'sync', { session: '2' }, { zxid: EPOCH + 2, server: 'apache' })
    .done(6, 'getData', { session: '2' }, { value: 'v0', version: 0, zxid: EPOCH + 2 });
  assert.match(
    checkLinearizability(bound.events, { apacheLeaders }).reasons.join(),
    /operation 6/,
    'what an earlier sync has shown still counts',
  );
});

test('a write of unknown outcome may have happened, at any time after it began, once', () => {
  const open = (story: ZnodeStory) =>
    story.tell('invoke', 7, 'setData', { value: 'open' }).tell('info', 7, 'setData', { error: 'gone' });
  const read = (story: ZnodeStory, operation: number, value: string, version: number) =>
    story.done(operation, 'sync', {}).done(operation + 1, 'getData', {}, { value, version });
  assert.is(read(open(written()), 10, 'v1', 1).judgement.valid, 'valid');
  assert.is(read(read(open(written()), 10, 'v1', 1), 20, 'open', 2).judgement.valid, 'valid');
  assertIllegal(read(read(open(written()), 10, 'open', 2), 20, 'v1', 1), /operation 21/);
  assertIllegal(read(open(written()), 10, 'open', 3), /operation 11/);
  assertIllegal(open(read(written(), 10, 'open', 2)), /operation 11/);
});

test('refusals are answers: each needs its reason at some moment', () => {
  const refused = (f: OperationName, error: string, asked: Detail = {}) =>
    written()
      .tell('invoke', 2, f, { value: 'x', ...asked })
      .tell('fail', 2, f, { error });
  assert.is(refused('create', 'NODEEXISTS').judgement.valid, 'valid');
  assert.is(refused('setData', 'BADVERSION', { version: 7 }).judgement.valid, 'valid');
  assertIllegal(refused('setData', 'BADVERSION', { version: 1 }), /-> BADVERSION/);
  assertIllegal(refused('setData', 'NONODE'), /-> NONODE/);
  assertIllegal(refused('delete', 'NONODE'), /-> NONODE/);
  const gone = written().done(2, 'delete', { version: 1 }).tell('invoke', 3, 'create', { value: 'y' });
  assertIllegal(gone.tell('fail', 3, 'create', { error: 'NODEEXISTS' }), /operation 3/);
  assert.is(refused('create', 'NONODE').judgement.valid, 'valid', 'says something of its parent');
});

test('a multi is judged by each of its znodes', () => {
  const both = (operation: number, version: number): Detail => ({
    path: '/',
    parts: [
      { f: 'check', path: '/a', version },
      { f: 'setData', path: '/b', value: `m${operation}` },
    ],
  });
  const story = () => written().done(2, 'create', { path: '/b', value: 'b' }).done(3, 'multi', both(3, 1));
  assert.is(story().judgement.valid, 'valid');
  assertIllegal(
    story().done(4, 'multi', both(4, 0)),
    /^\/a: operation 4 \(multi \[check \/a if version 0, setData \/b "m4"\]/,
  );
  assertIllegal(
    story().done(4, 'sync', {}).done(5, 'getData', { path: '/b' }, { value: 'b', version: 0 }),
    /^\/b: operation 5/,
  );
});

test('what servers delete or name by themselves is left out, and what others created', () => {
  const ephemeral = new ZnodeStory().done(0, 'create', { value: 'e', flags: 1 }).done(1, 'sync', {});
  assert.is(ephemeral.done(2, 'getData', {}, { value: null }).judgement.valid, 'unknown');
  const numbered = new ZnodeStory().done(
    0,
    'create',
    { path: '/q/s-', flags: 2 },
    { created: '/q/s-0000000000' },
  );
  assert.equal([...znodeHistories(numbered.events).keys()], []);
  assert.equal(
    [...znodeHistories(new ZnodeStory().done(0, 'setData', { value: 'x' }, { version: 9 }).events).keys()],
    [],
  );
});

test('the counterexample is short, begins with a known state, and names the culprit', () => {
  const story = created();
  for (let at = 1; at <= 500; at++) {
    story.done(at * 2, 'setData', { value: `v${at}` }, { version: at });
    story.done(at * 2 + 1, 'getData', {}, { value: `v${at}`, version: at });
  }
  story.done(2_000, 'getData', {}, { value: 'v499', version: 499 });
  story.done(2_001, 'setData', { value: 'later' }, { version: 501 });
  const { counterexample } = story.judgement;
  assert.equal(
    counterexample?.operations.map(({ operation, isCulprit }) => [operation, isCulprit]),
    [
      [1_000, false],
      [2_000, true],
    ],
  );
  assert.is(counterexample?.title, 'No order explains this: at first /a is in version 499.');
});

test('an unknown outcome that could explain nothing leaves the counterexample as it is', () => {
  const story = written().tell('invoke', 5, 'setData', { value: 'open' });
  story.done(6, 'sync', { session: '2' }).done(7, 'getData', { session: '2' }, { value: 'v0', version: 0 });
  const { operations = [] } = story.judgement.counterexample ?? {};
  assert.equal(
    operations.map(({ text, toMs }) => [text, toMs === null]),
    [
      ['setData "open" -> ?', true],
      ['getData -> "v0" version 0', false],
    ],
  );
});

test('random histories of clients are judged as by trying every order, from the events on', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(fc.integer(), seed => {
      const history = randomHistory(new SeededRandom(seed), {
        keys: 1,
        clients: 3,
        operations: 8,
        lies: 0.15,
      });
      const [intervals = []] = [...znodeHistories(history).values()];
      const { valid } = checkLinearizability(history);
      seen.set(valid, (seen.get(valid) ?? 0) + 1);
      if (valid === 'unknown') assert.is(intervals.length, 0);
      else assert.is(valid, isLinearizableByForce(znodeModel, ABSENT, intervals) ? 'valid' : 'invalid');
    }),
    { numRuns: 600 },
  );
  assert.ok((seen.get('valid') ?? 0) > 100 && (seen.get('invalid') ?? 0) > 40, JSON.stringify([...seen]));
});

test('100,000 operations over 100 znodes, one in a hundred of unknown outcome, take less than 10 s of CPU', () => {
  const history = randomHistory(new SeededRandom(9), {
    keys: 100,
    clients: 16,
    operations: 100_000,
    lies: 0,
  });
  const before = process.cpuUsage();
  const { valid, checked, reasons } = checkLinearizability(history);
  const { user, system } = process.cpuUsage(before);
  assert.is(valid, 'valid', reasons.join('\n'));
  assert.ok(checked > 60_000, `${checked}`);
  assert.ok(user + system < 10_000_000, `${user + system} us`);
});

/** What clients of a correct server would record, except for lies: answers that are taken from elsewhere. */
function randomHistory(
  random: SeededRandom,
  options: {
    readonly keys: number;
    readonly clients: number;
    readonly operations: number;
    readonly lies: number;
  },
): HistoryEvent[] {
  const { keys, clients, operations, lies } = options;
  const history: HistoryEvent[] = [];
  const tree = new Map<string, { value: string | null; version: number }>();
  interface Running {
    readonly base: Omit<HistoryEvent, 'index' | 'timeMs' | 'type'>;
    effect: (Pick<HistoryEvent, 'type'> & Detail) | undefined;
  }
  const running: (Running | undefined)[] = Array.from({ length: clients });
  const add = (event: Omit<HistoryEvent, 'index' | 'timeMs'>) =>
    history.push({ index: history.length, timeMs: history.length, ...event });
  const perform = ({
    f,
    path,
    value = null,
    version = -1,
  }: Running['base']): Pick<HistoryEvent, 'type'> & Detail => {
    const node = tree.get(path);
    if (f === 'create') {
      if (node !== undefined) return { type: 'fail', error: 'NODEEXISTS' };
      tree.set(path, { value, version: 0 });
      return { type: 'ok', created: path };
    }
    if (f === 'sync') return { type: 'ok' };
    if (f === 'getData') return { type: 'ok', ...(node ?? { value: null }) };
    if (node === undefined) return { type: 'fail', error: 'NONODE' };
    if (version !== -1 && version !== node.version) return { type: 'fail', error: 'BADVERSION' };
    if (f === 'delete') {
      tree.delete(path);
      return { type: 'ok' };
    }
    tree.set(path, { value, version: node.version + 1 });
    return { type: 'ok', version: node.version + 1 };
  };
  let begun = 0;
  while (begun < operations || running.some(each => each !== undefined)) {
    const client = random.below(clients);
    const now = running[client];
    if (now === undefined) {
      if (begun >= operations) continue;
      const operation = begun++;
      const path = `/k${random.below(keys)}`;
      const f = random.pick([
        'create',
        'setData',
        'setData',
        'setData',
        'delete',
        'sync',
        'getData',
        'getData',
      ] as const);
      const isGuess = (f === 'setData' || f === 'delete') && random.chance(0.3);
      const base = {
        ...{ process: client, operation, f, path, session: `${client}` },
        ...(f === 'create' || f === 'setData' ? { value: `v${operation}` } : {}),
        ...(isGuess ? { version: random.below(3) } : {}),
      };
      running[client] = { base, effect: undefined };
      add({ ...base, type: 'invoke' });
    } else if (now.effect === undefined) {
      // One in a hundred loses its connection, half of those before anything happened.
      const isLost = random.chance(0.01);
      const effect = isLost && random.chance(0.5) ? {} : perform(now.base);
      const { value: _, version: __, ...rest } = now.base;
      now.effect = { type: 'ok', ...effect };
      if (isLost) {
        running[client] = undefined;
        add({ ...rest, type: now.base.f === 'getData' ? 'fail' : 'info', error: 'CONNECTIONLOSS' });
      }
    } else {
      const { value: _, version: __, ...rest } = now.base;
      const lie = random.chance(lies) ? { version: random.below(3) } : {};
      const isLie = now.effect.type === 'ok' && now.effect.version !== undefined;
      running[client] = undefined;
      add({ ...rest, ...now.effect, ...(isLie ? lie : {}) });
    }
  }
  return history;
}
