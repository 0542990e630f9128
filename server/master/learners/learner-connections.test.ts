import { assert, suite } from '#test';
import {
  boundOthers,
  boundPackets,
  boundUnnamed,
  OTHER_LEARNERS_MAX,
  OTHER_PACKETS_BYTES_MAX,
  UNNAMED_LEARNERS_MAX,
} from './learner-connections.ts';
import type { LearnerHandler } from './learner-handler.ts';

const test = suite('quorum: connections of learners');

interface Fake {
  readonly host: string;
  readonly named: boolean;
  readonly isVoter: boolean;
  readonly isAtItsAddress: boolean;
  readonly inputBytesKept: number;
  closed: string | null;
}

function fake(fields: Partial<Fake>): LearnerHandler {
  const handler = { host: 'a', named: true, isVoter: false, inputBytesKept: 0, closed: null, ...fields };
  const close = (reason: string) => {
    handler.closed = reason;
  };
  return Object.assign(handler, { close }) as unknown as LearnerHandler;
}

function isVoter(handler: LearnerHandler): boolean {
  return (handler as unknown as Fake).isVoter;
}

function closedOf(handlers: readonly LearnerHandler[]): number[] {
  return handlers.flatMap((handler, at) => ((handler as unknown as Fake).closed === null ? [] : [at]));
}

function many(count: number, fields: Partial<Fake>): LearnerHandler[] {
  return Array.from({ length: count }, () => fake(fields));
}

test('B5: of too many connections that have not said who they are, the host with most loses its oldest', () => {
  const handlers = [
    fake({ named: false, host: 'member' }),
    ...many(UNNAMED_LEARNERS_MAX - 1, { named: false, host: 'flood' }),
  ];
  boundUnnamed(handlers);
  assert.equal(closedOf(handlers), []);
  handlers.push(fake({ named: false, host: 'member' }));
  boundUnnamed(handlers);
  assert.equal(closedOf(handlers), [1]);
});

test('B5: of too many learners that do not vote, the host with most loses its newest; voters do not count', () => {
  const handlers = [
    ...many(5, { isVoter: true }),
    ...many(OTHER_LEARNERS_MAX - 1, { host: 'flood' }),
    fake({ host: 'observer' }),
  ];
  boundOthers(handlers, isVoter);
  assert.equal(closedOf(handlers), []);
  handlers.push(fake({ host: 'observer' }));
  boundOthers(handlers, isVoter);
  assert.equal(closedOf(handlers), [5 + OTHER_LEARNERS_MAX - 2]);
});

test('B7: an observer at its own address is closed only when all learners are at theirs', () => {
  const observers = many(3, { host: 'rack', isAtItsAddress: true });
  const strangers = Array.from({ length: OTHER_LEARNERS_MAX - 2 }, (_, at) => fake({ host: `from${at}` }));
  const handlers = [...strangers, ...observers];
  boundOthers(handlers, isVoter);
  assert.equal(closedOf(handlers), [strangers.length - 1]);
  const all = many(OTHER_LEARNERS_MAX + 1, { isAtItsAddress: true });
  boundOthers(all, isVoter);
  assert.equal(closedOf(all), [OTHER_LEARNERS_MAX]);
});

test('B5: partial packets are bounded for all non-voters together: the one that has sent most goes', () => {
  const MIB = 1024 * 1024;
  const handlers = [
    fake({ isVoter: true, inputBytesKept: 100 * MIB }),
    fake({ inputBytesKept: OTHER_PACKETS_BYTES_MAX - 2 * MIB }),
    fake({ inputBytesKept: 2 * MIB }),
  ];
  boundPackets(handlers[2]!, handlers, isVoter);
  assert.equal(closedOf(handlers), []);
  handlers.push(fake({ inputBytesKept: MIB }));
  boundPackets(handlers[3]!, handlers, isVoter);
  assert.equal(closedOf(handlers), [1]);
});
