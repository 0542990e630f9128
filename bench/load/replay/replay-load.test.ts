import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { OpCode } from '../../../server/wire/opcodes.ts';
import { type RecordedEvent, RecordingEncoder, type RequestShape } from '../../recording/recording.ts';
import { UsageError } from '../../usage-error.ts';
import { cannedReply, type FakeRequest, startFakeServer } from '../driver/fake-server.ts';
import type { LoadResult, LoadSpec } from '../load-spec.ts';
import { runLoad } from '../run-load.ts';
import { parseWorkload } from '../workload/workload-file.ts';
import { replayPlan } from './replay-plan.ts';

const test = suite('load: replays');

const shape = (op: number, path: string, more: Partial<RequestShape> = {}): RequestShape => ({
  op,
  path,
  watch: false,
  dataBytes: 0,
  flags: 0,
  ...more,
});

function request(session: number, atMs: number, of: RequestShape, parts: RequestShape[] = []): RecordedEvent {
  return { kind: 'request', session, atUs: atMs * 1000, shape: of, parts };
}

const setData = shape(OpCode.setData, '/app/config', { dataBytes: 300 });
const EVENTS: readonly RecordedEvent[] = [
  { kind: 'open', session: 1, atUs: 0, timeoutMs: 4_000 },
  request(1, 0, shape(OpCode.getData, '/app/config', { watch: true })),
  { kind: 'open', session: 2, atUs: 50_000, timeoutMs: 4_000 },
  request(2, 100, shape(OpCode.create, '/app/members/m-', { flags: 3 })),
  request(2, 150, setData),
  request(1, 200, shape(OpCode.multi, ''), [shape(OpCode.check, '/app/epoch'), setData]),
  request(1, 250, shape(OpCode.create, '/app/new', { dataBytes: 7 })),
  request(1, 250, shape(OpCode.reconfig, '')),
  request(1, 255, shape(OpCode.multi, ''), [shape(OpCode.createTTL, '/app/config', { flags: 5 })]),
  request(1, 260, shape(OpCode.delete, '/app/new/n-0000000000')),
  { kind: 'close', session: 2, atUs: 300_000 },
  request(1, 300, shape(OpCode.getChildren, '/')),
];

function fileOf(events: readonly RecordedEvent[]): string {
  const encoder = new RecordingEncoder();
  const pieces = [encoder.header(false), ...events.map(event => encoder.event(event)), encoder.end()];
  const file = join(temporaryFolder(), 'r.zkrec');
  writeFileSync(file, Buffer.concat(pieces));
  return file;
}

test('a plan has what must exist before: what is not created, and the parents of what is', () => {
  const { nodes, mix, skipped, sessions, lengthMs, valueBytesMax } = replayPlan({
    hashedPaths: false,
    events: EVENTS,
  });
  assert.equal(
    [...nodes],
    [
      ['/app', 0],
      ['/app/epoch', 100],
      ['/app/config', 300],
      ['/app/members', 0],
    ],
  );
  assert.equal(mix, {
    getData: 1,
    createEphemeral: 1,
    setData: 1,
    multi: 1,
    create: 1,
    delete: 1,
    getChildren: 1,
  });
  assert.equal([skipped, sessions, lengthMs, valueBytesMax], [2, 2, 300, 300]);
});

test('a multi with a part that is not replayed is skipped whole, and what it created exists before', () => {
  const multi = (at: number, ...parts: RequestShape[]) => request(1, at, shape(OpCode.multi, ''), parts);
  const { nodes, mix, skipped } = replayPlan({
    hashedPaths: false,
    events: [
      EVENTS[0]!,
      multi(1, shape(OpCode.create, '/a'), shape(OpCode.createTTL, '/ttl', { flags: 5 })),
      multi(2, shape(OpCode.createContainer, '/container', { flags: 4 })),
      multi(3, shape(OpCode.check, '/b'), shape(OpCode.create2, '/b/c')),
      request(1, 4, shape(OpCode.createTTL, '/ttl2', { flags: 5 })),
      request(1, 5, shape(OpCode.getData, '/a')),
    ],
  });
  assert.equal([mix, skipped], [{ multi: 1, getData: 1 }, 3]);
  assert.ok(
    nodes.has('/a') && nodes.has('/b') && !nodes.has('/b/c'),
    'what a skipped multi created is there',
  );
});

interface Seen {
  readonly session: unknown;
  readonly op: number;
  readonly path: string;
  readonly atMs: number;
}

async function replayed(speed: number): Promise<{ seen: Seen[]; result: LoadResult; sessions: number }> {
  const seen: Seen[] = [];
  const pathOf = ({ bytes, start }: FakeRequest) =>
    bytes.toString('utf8', start + 12, start + 12 + bytes.readInt32BE(start + 8));
  let sessions = 0;
  const server = await startFakeServer({
    negotiateTimeoutMs: asked => {
      sessions++;
      return asked;
    },
    onRequest: (each, connection) => {
      const hasPath = each.op !== OpCode.closeSession && each.op !== OpCode.multi;
      seen.push({
        session: connection.socket,
        op: each.op,
        path: hasPath ? pathOf(each) : '',
        atMs: performance.now(),
      });
      cannedReply(each, connection);
    },
  });
  const spec: LoadSpec = {
    targets: [{ name: 'fake', host: '127.0.0.1', port: server.port }],
    sessionsPerTarget: 1,
    workload: {
      mix: { getData: 1 },
      valueBytes: 0,
      keyCount: 1,
      skew: { kind: 'uniform' },
      root: '/r',
      seed: 1,
    },
    mode: { kind: 'replay', file: fileOf(EVENTS), speed },
    warmupMs: 0,
    durationMs: 320 / speed,
    bucketMs: 40,
    drainMs: 2_000,
  };
  try {
    return { result: await runLoad(spec), seen, sessions };
  } finally {
    await server.close();
  }
}

test('the same sessions send the same requests in the same order, below the root', async () => {
  const { seen, result, sessions } = await replayed(1);
  assert.is(sessions, 2);
  const bySession = [...new Set(seen.map(({ session }) => session))].map(session =>
    seen.filter(each => each.session === session).map(({ op, path }) => [op, path]),
  );
  assert.equal(
    bySession.sort((a, b) => b.length - a.length),
    [
      [
        [OpCode.getData, '/r/app/config'],
        [OpCode.multi, ''],
        [OpCode.create, '/r/app/new'],
        [OpCode.delete, '/r/app/new/n-0000000000'],
        [OpCode.getChildren, '/r'],
        [OpCode.closeSession, ''],
      ],
      [
        [OpCode.create, '/r/app/members/m-'],
        [OpCode.setData, '/r/app/config'],
        [OpCode.closeSession, ''],
      ],
    ],
  );
  assert.is(result.totals.ok, 7);
  assert.is(result.sends.intended, 7);
});

test('requests are due at their recorded times, divided by the speed, and none is sent earlier', async () => {
  const fromMs = performance.now();
  const { seen, result } = await replayed(2);
  assert.equal(
    result.timeline.buckets.map(({ intended }) => intended),
    [1, 2, 1, 3],
    'due at 0, 50, 75, 100, 125, 130 and 150 ms, in buckets of 40 ms',
  );
  assert.ok(seen.find(({ op }) => op === OpCode.getChildren)!.atMs >= fromMs + 150);
});

test('a workload that replays is read with its recording, and refused with it', () => {
  const yaml = (file: string, more = '') => `description: d\nreplay: ${file}\n${more}`;
  const parse = (text: string) => parseWorkload(text, 'w', 'w.yaml');
  const { mode, replay, workload } = parse(yaml(fileOf(EVENTS), 'speed: 3'));
  assert.is(mode.kind === 'replay' && mode.speed, 3);
  assert.is(replay?.lengthMs, 101);
  assert.is(workload.mix.setData, 1);
  const foreign = join(temporaryFolder(), 'foreign');
  writeFileSync(foreign, 'hello');
  for (const [text, message] of [
    [yaml('/nowhere.zkrec'), /replay: \/nowhere\.zkrec: it cannot be read: ENOENT/],
    [yaml(foreign), /replay: .*foreign: it is not a recording of zklab$/],
    [yaml(fileOf([]), ''), /has no requests that can be replayed/],
    [yaml(fileOf(EVENTS), 'speed: 0'), /speed: 0; accepted is 0\.01 or more/],
    [
      yaml(fileOf(EVENTS), 'keyCount: 3'),
      /unknown key keyCount; accepted are include, description, replay, speed, root/,
    ],
  ] as const)
    assert.throws(
      () => parse(text),
      (error: Error) => message.test(error.message) && !error.message.includes('\n'),
      message.source,
    );
});

test('a replay that lasts longer at its speed than a load may is refused when the workload is read', () => {
  const close = { kind: 'close', session: 1, atUs: 864_000_000 } as const;
  const file = fileOf([...EVENTS.slice(0, 2), close]);
  const parse = (speed: number) =>
    parseWorkload(`description: d\nreplay: ${file}\nspeed: ${speed}`, 'w', 'w.yaml');
  assert.is(parse(0.011).replay?.lengthMs, 78_545_456);
  assert.throws(
    () => parse(0.01),
    (error: Error) =>
      error instanceof UsageError &&
      error.message ===
        'w.yaml:3: speed: 0.01; accepted is a speed at which the 864000 ms of the recording last at most 86399999 ms',
  );
});
