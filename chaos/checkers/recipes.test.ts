/** Checkers of what recipes rest on: each is shown good and bad histories, and compared with a plain twin. */
import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { checkBank } from './bank.ts';
import { checkEphemerals } from './ephemerals.ts';
import type { HistoryEvent } from './history.ts';
import { checkLists } from './lists.ts';
import { checkMutualExclusion } from './mutual-exclusion.ts';
import { checkReadsByZxid } from './reads-by-zxid.ts';
import { checkSequenceNumbers } from './sequence-numbers.ts';
import { checkSessionTimeouts } from './session-timeouts.ts';
import { checkSets } from './sets.ts';
import { Story } from './testing/story.ts';

const test = suite('checkers: recipes');

type Check = (history: readonly HistoryEvent[]) => {
  readonly valid: string;
  readonly reasons: readonly string[];
};

function assertValid(check: Check, { events }: Story): void {
  const judgement = check(events);
  assert.is(judgement.valid, 'valid', judgement.reasons.join('\n'));
}

function assertInvalid(check: Check, { events }: Story, reason: RegExp): void {
  const judgement = check(events);
  assert.is(judgement.valid, 'invalid');
  assert.match(judgement.reasons.join('\n'), reason);
}

// Sets

const twoElements = () =>
  new Story().next('create', '/s/a', {}, { zxid: 2 }).next('create', '/s/b', {}, { zxid: 4 });
const listed = (story: Story, zxid: number, ...children: string[]) =>
  story.next('getChildren', '/s', {}, { zxid, children });

test('sets: a list has what was created by its zxid, and nothing else of what is known', () => {
  assertValid(checkSets, listed(listed(listed(twoElements(), 1), 3, 'a'), 4, 'a', 'b', 'of somebody else'));
  assertInvalid(checkSets, listed(twoElements(), 4, 'a'), /missed b, which was created at 4/);
  assertInvalid(checkSets, listed(twoElements(), 3, 'a', 'b'), /found b, which was created only at 4/);
  assert.is(checkSets(twoElements().events).valid, 'unknown');
});

test('sets: what was refused never appears; what may have been deleted, or was not answered, may', () => {
  const refused = () => twoElements().next('create', '/s/c', {}, { error: 'SESSIONEXPIRED' });
  assertValid(checkSets, listed(refused(), 4, 'a', 'b'));
  assertInvalid(checkSets, listed(refused(), 5, 'a', 'b', 'c'), /found c, whose creation was refused/);
  const multi = twoElements().next(
    'multi',
    '/',
    { parts: [{ f: 'create', path: '/s/c' }] },
    { error: 'BADVERSION' },
  );
  assertInvalid(checkSets, listed(multi, 5, 'a', 'b', 'c'), /found c/);
  const taken = () => twoElements().next('create', '/s/c', {}, { error: 'NODEEXISTS' });
  assertValid(checkSets, listed(taken(), 5, 'a', 'b', 'c'));
  assertValid(checkSets, listed(twoElements().open('create', '/s/c'), 5, 'a', 'b', 'c'));
  assertValid(checkSets, listed(twoElements().open('delete', '/s/b'), 5, 'a'));
});

// Sequence numbers

const numbered = (story: Story, number: number, zxid: number) =>
  story.next('create', '/q/n-', { flags: 2 }, { zxid, created: `/q/n-${String(number).padStart(10, '0')}` });

test('sequence numbers: they rise with the zxids of one parent; a number that comes twice is found', () => {
  assertValid(checkSequenceNumbers, numbered(numbered(numbered(new Story(), 3, 9), 0, 2), 1, 5));
  assertInvalid(
    checkSequenceNumbers,
    numbered(numbered(new Story(), 3, 2), 3, 5),
    /operation 1 created .*0003 at zxid 5, after operation 0/,
  );
  assertInvalid(
    checkSequenceNumbers,
    numbered(numbered(numbered(new Story(), 4, 3), 3, 5), 5, 6),
    /n-0000000003 at zxid 5/,
  );
  const again = numbered(numbered(new Story(), 7, 2).next('delete', '/q', {}, { zxid: 3 }), 0, 5);
  assert.is(checkSequenceNumbers(again.events).valid, 'unknown');
});

// Bank

const opened = () =>
  new Story().next('multi', '/bank', {
    parts: ['a', 'b'].map(name => ({ f: 'create' as const, path: `/bank/${name}`, value: '100' })),
  });
const balances = (story: Story, zxid: number, a: number, b: number) =>
  story
    .next('getData', '/bank/a', {}, { zxid, value: `${a}`, version: 0 })
    .next('getData', '/bank/b', { session: '2' }, { zxid, value: `${b}`, version: 0 });

test('bank: the total stays; money that is lost, made, or owed is found', () => {
  assertValid(checkBank, balances(balances(opened(), 5, 100, 100), 6, 80, 120));
  assertInvalid(checkBank, balances(opened(), 5, 80, 100), /add up to 180 at zxid 5; they began with 200/);
  assertInvalid(checkBank, balances(opened(), 5, -20, 220), /balance of -20 from \/bank\/a/);
  assertInvalid(
    checkBank,
    balances(balances(opened(), 5, 100, 100), 5, 80, 120),
    /as 100 and as 80 at zxid 5/,
  );
  const between = opened().next('getData', '/bank/a', {}, { zxid: 5, value: '80', version: 1 });
  assert.is(
    checkBank(between.next('getData', '/bank/b', {}, { zxid: 6, value: '100' }).events).valid,
    'unknown',
  );
});

// Lists

const appended = (story: Story, zxid: number, ...elements: string[]) =>
  story.next(
    'multi',
    '/lists',
    {
      parts: ['/lists/l0a', '/lists/l0b'].map(path => ({
        f: 'setData' as const,
        path,
        value: elements.join(' '),
      })),
    },
    { zxid },
  );
const list = (story: Story, path: string, zxid: number, ...elements: string[]) =>
  story.next('getData', path, {}, { zxid, value: elements.join(' '), version: 1 });

test('lists: readings are beginnings of each other and hold what was acknowledged', () => {
  const two = () => appended(appended(new Story(), 2, 'x'), 4, 'x', 'y');
  assertValid(
    checkLists,
    list(list(list(two(), '/lists/l0a', 3, 'x'), '/lists/l0a', 4, 'x', 'y'), '/lists/l0b', 4, 'x', 'y'),
  );
  assertInvalid(checkLists, list(two(), '/lists/l0a', 4, 'x'), /lacks y, appended at zxid 4/);
  assertInvalid(checkLists, list(two(), '/lists/l0a', 3, 'x', 'y'), /has y, which was appended at zxid 4/);
  assertInvalid(
    checkLists,
    list(list(two(), '/lists/l0a', 4, 'x', 'y'), '/lists/l0a', 5, 'y', 'x'),
    /is no beginning of/,
  );
  assertInvalid(checkLists, list(two(), '/lists/l0a', 6, 'x', 'y', 'x'), /has an element twice/);
  assertInvalid(
    checkLists,
    list(list(new Story(), '/lists/l0a', 7, 'x'), '/lists/l0b', 7),
    /but its twin is/,
  );
  const refused = two().next(
    'multi',
    '/lists',
    { parts: [{ f: 'setData', path: '/lists/l0a', value: 'x y z' }] },
    { error: 'BADVERSION' },
  );
  assertInvalid(checkLists, list(refused, '/lists/l0a', 9, 'x', 'y', 'z'), /has z, which was refused/);
});

// Mutual exclusion

const name = (turn: number) => `c-${String(turn).padStart(10, '0')}`;
const queued = (story: Story, turn: number, zxid: number) =>
  story.next('create', '/locks/l/c-', { flags: 3 }, { zxid, created: `/locks/l/${name(turn)}` });
const looked = (story: Story, zxid: number, ...turns: number[]) =>
  story.next('getChildren', '/locks/l', {}, { zxid, children: turns.map(name) });
const fenced = (story: Story, turn: number, zxid: number, holder = name(turn)) =>
  story.next(
    'multi',
    '/',
    {
      parts: [
        { f: 'check', path: `/locks/l/${holder}` },
        { f: 'setData', path: '/locks-l-guarded', value: 'x' },
      ],
    },
    { zxid },
  );

test('mutual exclusion: no fenced write of a turn comes behind the beginning of a later one', () => {
  const two = () => queued(queued(new Story(), 1, 10), 2, 11);
  assertValid(checkMutualExclusion, fenced(looked(fenced(looked(two(), 11, 2, 1), 1, 12), 13, 2), 2, 14));
  assertInvalid(
    checkMutualExclusion,
    fenced(fenced(two(), 2, 12), 1, 13),
    /operation 3 wrote at zxid 13 in turn 1, but operation 2 wrote turn 2 at zxid 12/,
  );
  assertInvalid(
    checkMutualExclusion,
    fenced(looked(two(), 12, 2), 1, 13),
    /operation 2 began turn 2 at zxid 12/,
  );
  assertValid(checkMutualExclusion, looked(fenced(two(), 1, 13), 12, 1, 2));
  const other = name(1).replace('c-', 'd-');
  const twice = queued(new Story(), 1, 10).next(
    'create',
    '/locks/l/d-',
    { flags: 3 },
    { zxid: 11, created: `/locks/l/${other}` },
  );
  assertInvalid(
    checkMutualExclusion,
    fenced(fenced(twice, 1, 12), 1, 13, other),
    /operation 3 wrote at zxid 13 for \/locks\/l\/d-0000000001, but operation 2 wrote for \/locks\/l\/c-0000000001/,
  );
});

// Ephemerals and session timeouts

const ephemeral = () => new Story().next('create', '/e/x', { flags: 1, session: '1' }, { zxid: 10 });
const exists = (story: Story, zxid: number, isThere: boolean) =>
  story.next(
    'exists',
    '/e/x',
    { session: '2' },
    { zxid, ...(isThere ? { version: 0, mzxid: 10 } : { value: null }) },
  );
const written = (story: Story, zxid: number) =>
  story.next('setData', '/e', { session: '1' }, { zxid, version: 1 });

test('ephemerals: they are there while their session writes, and gone when it is closed', () => {
  assertValid(checkEphemerals, written(exists(exists(ephemeral(), 9, false), 11, true), 12));
  assertInvalid(
    checkEphemerals,
    written(exists(ephemeral(), 11, false), 12),
    /did not find \/e\/x: session 1 created it at 10 and still wrote at 12/,
  );
  assertValid(checkEphemerals, exists(written(ephemeral(), 11), 12, false));
  const closed = () => ephemeral().next('closeSession', '', { session: '1' }, { zxid: 20 });
  assertValid(checkEphemerals, exists(exists(closed(), 19, true), 20, false));
  assertInvalid(checkEphemerals, exists(closed(), 20, true), /session 1 was closed at 20/);
  const inList = written(
    ephemeral().next('getChildren', '/e', { session: '2' }, { zxid: 11, children: [] }),
    12,
  );
  assertInvalid(checkEphemerals, inList, /did not find/);
  assert.is(checkEphemerals(exists(ephemeral().open('delete', '/e/x'), 11, false).events).valid, 'unknown');
});

test('session timeouts: an ephemeral that is gone before its session can have expired', () => {
  const limits = { timeoutMs: 100, slackMs: 20 };
  const check: Check = history => checkSessionTimeouts(history, limits);
  // The write is asked for at 2 ms.
  const goneAt = (waitedMs: number) => retimed(exists(written(ephemeral(), 11), 12, false), 2 + waitedMs);
  assertValid(check, goneAt(80));
  assertInvalid(
    check,
    goneAt(79),
    /found \/e\/x gone at 81 ms, but its session 1 had its write of 2 ms answered; its timeout is 100 ms/,
  );
});

/** The answer of the last read comes at that time. */
function retimed(story: Story, timeMs: number): Story {
  const moved = new Story();
  for (const event of story.events)
    moved.events.push(event.type === 'ok' && event.f === 'exists' ? { ...event, timeMs } : event);
  return moved;
}

// Reads by zxid

const set = (story: Story, zxid: number, value: string) =>
  story.next('setData', '/a', { value }, { zxid, version: 1 });
const read = (story: Story, zxid: number, mzxid: number | undefined) =>
  story.next(
    'getData',
    '/a',
    { session: '2' },
    { zxid, ...(mzxid === undefined ? { value: null } : { mzxid, value: 'x', version: 1 }) },
  );

test('reads by zxid: an old read names an old zxid; what it names, it shows', () => {
  const two = () => set(set(new Story(), 5, 'x'), 8, 'y');
  assertValid(checkReadsByZxid, read(read(read(two(), 7, 5), 8, 8), 10, 9));
  assertInvalid(
    checkReadsByZxid,
    read(two(), 8, 5),
    /at zxid 8 as of 5, but operation 1 \(setData\) was acknowledged at 8/,
  );
  assertInvalid(checkReadsByZxid, read(two(), 7, 8), /at zxid 7, but shows a change of 8/);
  assertInvalid(checkReadsByZxid, read(two(), 9, undefined), /found nothing, but operation 1/);
  assertValid(checkReadsByZxid, read(two().open('delete', '/a'), 9, undefined));
  assertValid(checkReadsByZxid, read(two().next('delete', '/a', {}, { zxid: 9 }), 9, undefined));
  assertInvalid(
    checkReadsByZxid,
    read(two().next('delete', '/a', {}, { zxid: 9 }), 9, 8),
    /operation 2 \(delete\) was acknowledged at 9/,
  );
});

// Plain twins

/** Small histories of a tree in which an answer is now and then wrong. */
function smallHistory(random: SeededRandom): Story {
  const story = new Story();
  const created = new Map<string, number>();
  let zxid = 0;
  for (let at = 0; at < 8; at++) {
    const child = `/s/${random.below(3)}`;
    zxid++;
    const drawn = random.below(4);
    if (drawn === 0 && !created.has(child)) {
      if (random.chance(0.2)) story.next('create', child, {}, { error: 'SESSIONEXPIRED' });
      else {
        created.set(child, zxid);
        story.next('create', child, {}, { zxid });
      }
    } else if (drawn === 1 && random.chance(0.2)) story.open('create', child);
    else {
      const as = random.below(zxid + 1);
      const children = ['0', '1', '2'].filter(name => {
        const isThere = (created.get(`/s/${name}`) ?? Number.POSITIVE_INFINITY) <= as;
        return random.chance(0.05) ? !isThere : isThere;
      });
      story.next('getChildren', '/s', {}, { zxid: as, children });
    }
  }
  return story;
}

/** Of each child and each list, by the definition. */
function setsByDefinition(history: readonly HistoryEvent[]): boolean {
  const lists = history.filter(({ f, type }) => f === 'getChildren' && type === 'ok');
  return ['0', '1', '2'].every(name => {
    const events = history.filter(({ f, path }) => f === 'create' && path === `/s/${name}`);
    const asked = events.filter(({ type }) => type === 'invoke').length;
    if (asked === 0) return true;
    const done = events.find(({ type }) => type === 'ok')?.zxid;
    const isRefused = events.filter(({ type }) => type === 'fail').length === asked;
    return lists.every(({ children = [], zxid = 0 }) => {
      if (isRefused) return !children.includes(name);
      return done === undefined || children.includes(name) === done <= zxid;
    });
  });
}

test('sets: random small histories are judged as by the definition', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(fc.integer(), seed => {
      const { events } = smallHistory(new SeededRandom(seed));
      const { valid } = checkSets(events);
      seen.set(valid, (seen.get(valid) ?? 0) + 1);
      if (valid !== 'unknown') assert.is(valid === 'valid', setsByDefinition(events));
    }),
    { numRuns: 1_000 },
  );
  assert.ok((seen.get('valid') ?? 0) > 200 && (seen.get('invalid') ?? 0) > 200, JSON.stringify([...seen]));
});

test('reads by zxid: random small histories are judged as by looking at every pair', () => {
  const kinds = fc.array(
    fc.record({
      isWrite: fc.boolean(),
      zxid: fc.integer({ min: 1, max: 9 }),
      mzxid: fc.integer({ min: 1, max: 9 }),
    }),
    { maxLength: 7 },
  );
  const seen = { valid: 0, invalid: 0 };
  fc.assert(
    fc.property(kinds, steps => {
      const story = new Story();
      for (const { isWrite, zxid, mzxid } of steps) {
        if (isWrite) set(story, zxid, 'v');
        else read(story, zxid, mzxid);
      }
      const reads = steps.filter(({ isWrite }) => !isWrite);
      const isRight = reads.every(
        each =>
          each.mzxid <= each.zxid &&
          steps.every(write => !write.isWrite || write.zxid > each.zxid || write.zxid <= each.mzxid),
      );
      const { valid } = checkReadsByZxid(story.events);
      if (valid === 'valid' || valid === 'invalid') seen[valid]++;
      assert.is(valid, reads.length === 0 ? 'unknown' : isRight ? 'valid' : 'invalid');
    }),
    { numRuns: 2_000 },
  );
  assert.ok(seen.valid > 100 && seen.invalid > 100, JSON.stringify(seen));
});

test('sequence numbers and mutual exclusion: random small histories are judged as by looking at every pair', () => {
  const pairs = fc.uniqueArray(fc.record({ turn: fc.nat(5), zxid: fc.integer({ min: 1, max: 30 }) }), {
    selector: ({ zxid }) => zxid,
    maxLength: 5,
  });
  fc.assert(
    fc.property(pairs, steps => {
      const isRising = steps.every(a => steps.every(b => a.zxid >= b.zxid || a.turn < b.turn));
      const isFenced = steps.every(a => steps.every(b => a.zxid >= b.zxid || a.turn <= b.turn));
      const [numbers, writes] = [new Story(), new Story()];
      for (const { turn, zxid } of steps) {
        numbered(numbers, turn, zxid);
        fenced(writes, turn, zxid);
      }
      const expected = (isRight: boolean) => (steps.length === 0 ? 'unknown' : isRight ? 'valid' : 'invalid');
      assert.is(checkSequenceNumbers(numbers.events).valid, expected(isRising));
      assert.is(checkMutualExclusion(writes.events).valid, expected(isFenced));
    }),
    { numRuns: 2_000 },
  );
});

test('bank: random small histories are judged as by adding up', () => {
  const readings = fc.array(
    fc.record({
      zxid: fc.nat(3),
      a: fc.integer({ min: 98, max: 101 }),
      b: fc.integer({ min: 99, max: 102 }),
    }),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(readings, all => {
      const story = opened();
      for (const { zxid, a, b } of all) balances(story, zxid, a, b);
      const isRight = all.every(
        each =>
          each.a + each.b === 200 &&
          all.every(other => other.zxid !== each.zxid || (other.a === each.a && other.b === each.b)),
      );
      assert.is(checkBank(story.events).valid, all.length === 0 ? 'unknown' : isRight ? 'valid' : 'invalid');
    }),
    { numRuns: 1_000 },
  );
});
