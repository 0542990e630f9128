/** Ensembles whose observer feeds a real broker, and checks of the stream at the end. */
import { assert, until } from '#test';
import { type Ensemble, type MemberPlan, withEnsemble } from '../interop/ensemble.test-kit.ts';
import type { Member } from '../interop/member.test-kit.ts';
import { nodeDisk } from '../runtime/node/node-disk.ts';
import { LogFileReader } from '../storage/txn-log/log-file-reader.ts';
import { listLogFiles } from '../storage/txn-log/log-format.ts';
import { verdictOn } from '../stream/broker.test-kit.ts';
import type { Gap } from '../stream/plug-in-messages.ts';
import { type BrokerMessage, type BrokerOptions, newBroker, type TestBroker } from './brokers.test-kit.ts';

/** Sid of the observer of these ensembles. */
export const OBSERVER = 4;

/** Three voters, and an observer with a stream. The broker ends when the body ends. */
export async function withStream(
  sink: 'nats' | 'redis',
  body: (ensemble: Ensemble, broker: TestBroker) => Promise<void>,
  more: {
    readonly broker?: BrokerOptions;
    readonly settings?: readonly string[];
    readonly without?: string;
  } = {},
): Promise<void> {
  const broker = await newBroker(sink, more.broker);
  const { without } = more;
  const ofStream = broker.settings().filter(line => without === undefined || !line.startsWith(without));
  const voter: MemberPlan = { is: 'zklab' };
  const plan: MemberPlan[] = [voter, voter, voter, { is: 'zklab', observer: true, settings: ofStream }];
  try {
    await withEnsemble(
      plan,
      async ensemble => {
        await ensemble.start();
        await body(ensemble, broker);
      },
      more.settings,
    );
  } finally {
    await broker.kill();
  }
}

/** Waits until the stream has everything that all members have. */
export async function settled(ensemble: Ensemble, broker: TestBroker): Promise<BrokerMessage[]> {
  const end = await ensemble.member(1).zxid();
  return until(
    async () => {
      const messages = await broker.messages('zookeeper');
      return Number(messages.at(-1)?.message.zxid) >= end && messages;
    },
    { deadlineMs: 120_000, what: `the stream to have 0x${end.toString(16)}`, intervalMs: 300 },
  );
}

/**
 * Checks that the stream has what a voter has in its log, once and in order, and lacks nothing since it
 * began.
 */
export async function isComplete(ensemble: Ensemble, broker: TestBroker): Promise<void> {
  const messages = await settled(ensemble, broker);
  const stored = messages.map(({ message }) => ({ zxid: Number(message.zxid), gap: gapOf(message) }));
  assert.equal(verdictOn(stored, loggedBy(ensemble.member(1))), []);
  assert.equal(
    stored.filter(({ gap }) => gap?.reason === 'lost'),
    [],
  );
  assert.is(new Set(messages.map(({ id }) => id)).size, messages.length, 'ids at the broker');
}

function gapOf({ kind, after, zxid, reason }: Record<string, unknown>): Gap | null {
  return kind === 'gap'
    ? { after: Number(after), through: Number(zxid), reason: reason as Gap['reason'] }
    : null;
}

function loggedBy(member: Member): number[] {
  const zxids: number[] = [];
  for (const { path } of listLogFiles(nodeDisk, member.dataFolder)) {
    const reader = new LogFileReader(nodeDisk, path);
    for (let entry = reader.next(); entry !== null; entry = reader.next()) zxids.push(entry.zxid);
    reader.close();
  }
  return zxids;
}

/** Waits until the log of a member contains `words`. */
export function said(member: Member, words: RegExp): Promise<unknown> {
  return until(() => words.test(member.log), { deadlineMs: 60_000, what: `the log to say ${words}` });
}
