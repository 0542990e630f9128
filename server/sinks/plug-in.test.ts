import { assert, suite } from '#test';
import type { FromPlugIn } from '../stream/plug-in-messages.ts';
import type { StreamMessage } from '../stream/stream-message.ts';
import { CommitStreamPlugIn } from './plug-in.ts';
import type { Sink, SinkOptions } from './sink.ts';

const test = suite('sinks: the plug-in');

const SETTINGS = { sink: 'nats', url: 'nats://broker:4222', name: 's', passwordPath: '/password' } as const;
const GAP = { after: 0, through: 5, reason: 'start' } as const;

function plugInWith(change: Partial<Sink> = {}) {
  const answers: FromPlugIn[] = [];
  const sent: StreamMessage[] = [];
  let given: SinkOptions | null = null;
  const sink: Sink = {
    open: async () => {},
    position: async () => 4,
    send: async messages => void sent.push(...messages),
    close: async () => {},
    ...change,
  };
  const plugIn = new CommitStreamPlugIn({
    sinkNamed: async () => options => {
      given = options;
      return sink;
    },
    readPassword: path => `of ${path}`,
    answer: message => void answers.push(message),
  });
  return { plugIn, answers, sent, given: () => given! };
}

test('it opens the sink with the password from the file, and reports the position of the broker', async () => {
  const { plugIn, answers, given } = plugInWith();
  await plugIn.hear({ type: 'open', settings: SETTINGS });
  assert.equal(answers, [{ type: 'opened', zxid: 4 }]);
  assert.is(given().password, 'of /password');
});

test('a position that is no zxid is a failure: a sink of an operator may return anything', async () => {
  for (const position of [undefined, Number.NaN, -1, '0x100000001']) {
    const { plugIn, answers } = plugInWith({ position: async () => position as number });
    await plugIn.hear({ type: 'open', settings: SETTINGS });
    assert.is(answers.at(-1)?.type, 'failed', String(position));
  }
});

test('it reports that messages are stored when the broker has them, and not before', async () => {
  let store = () => {};
  const { plugIn, answers } = plugInWith({ send: () => new Promise(resolve => (store = resolve)) });
  await plugIn.hear({ type: 'open', settings: SETTINGS });
  const heard = plugIn.hear({ type: 'tell', gap: GAP });
  assert.is(answers.length, 1);
  store();
  await heard;
  assert.equal(answers[1], { type: 'stored', zxid: 5 });
});

test('the first failure is reported in one line, and nothing after it', async () => {
  const failing = async () => {
    throw new Error('the broker is full\n    at stack');
  };
  const { plugIn, answers, given } = plugInWith({ send: failing });
  await plugIn.hear({ type: 'open', settings: SETTINGS });
  await plugIn.hear({ type: 'tell', gap: GAP });
  given().onLost('the connection is lost');
  assert.equal(answers.slice(1), [{ type: 'failed', reason: 'the broker is full' }]);
});

test('a transaction that cannot be read is a failure, and nothing of its batch is stored', async () => {
  const { plugIn, answers, sent } = plugInWith();
  await plugIn.hear({ type: 'open', settings: SETTINGS });
  await plugIn.hear({ type: 'send', txns: [{ zxid: 5, txn: Buffer.alloc(3) }] });
  assert.is(answers.at(-1)?.type, 'failed');
  assert.equal(sent, []);
});
