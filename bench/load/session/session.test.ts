import { assert, suite } from '#test';
import { JuteWriter } from '../../../server/wire/jute.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import {
  type FakeConnection,
  type FakeRequest,
  type FakeServer,
  type FakeServerOptions,
  startFakeServer,
} from '../driver/fake-server.ts';
import { InFlight, type ReplyHandler } from './in-flight.ts';
import { Session, type SessionOptions } from './session.ts';
import { type SessionError, sessionErrors } from './session-error.ts';

const test = suite('load: session');

async function withServer(
  options: FakeServerOptions,
  body: (server: FakeServer) => Promise<void>,
): Promise<void> {
  const server = await startFakeServer(options);
  try {
    await body(server);
  } finally {
    await server.close();
  }
}

async function open(server: FakeServer, options: Partial<SessionOptions> = {}): Promise<Session> {
  const session = new Session({ host: '127.0.0.1', port: server.port, readOnly: false, ...options });
  await session.open();
  return session;
}

function failure(promise: Promise<unknown>): Promise<SessionError> {
  return promise.then(
    () => assert.unreachable('it should have failed') as never,
    (error: SessionError) => error,
  );
}

test('requests in flight keep their order while the ring wraps and grows, up to its limit', () => {
  const line = new InFlight(100);
  const handler: ReplyHandler = { onReply: () => {}, onLost: () => {} };
  const into = { tag: 0, sentAtMs: 0 };
  let pushed = 0;
  let shifted = 0;
  for (const [push, shift] of [
    [10, 7],
    [30, 5],
    [60, 80],
    [92, 0],
  ] as const) {
    for (let i = 0; i < push; i++) line.push(handler, pushed++, 0);
    for (let i = 0; i < shift; i++) {
      line.shift(into);
      assert.is(into.tag, shifted++);
    }
  }
  assert.is(line.size, 100);
  assert.throws(() => line.push(handler, 0, 0), /in flight already/);
});

test('large replies that several sessions read at the same time do not mix', () => {
  const data = Buffer.alloc(900_000, 'x');
  const body = new JuteWriter().writeBuffer(data).toBuffer();
  const onRequest = (request: FakeRequest, connection: FakeConnection) =>
    connection.reply(request.xid, 0, body);
  return withServer({ onRequest }, async server => {
    const sessions = await Promise.all(Array.from({ length: 4 }, () => open(server)));
    const READS = 10;
    await Promise.all(
      sessions.map(session => {
        let read = 0;
        return new Promise<void>((resolve, reject) => {
          const handler: ReplyHandler = {
            onReply: ({ reader }) => {
              assert.ok(reader.readBuffer()?.equals(data));
              if (++read === READS) resolve();
            },
            onLost: () => reject(new Error(`the session ended after ${read} replies`)),
          };
          for (let n = 0; n < READS; n++) {
            session.begin(OpCode.getData).writeString('/large').writeBoolean(false);
            session.end(handler);
          }
        });
      }),
    );
    for (const session of sessions) session.destroy();
  });
});

test('requests of one turn leave in one write and are answered in order', () =>
  withServer({}, async server => {
    const session = await open(server);
    const tags: number[] = [];
    await new Promise<void>(resolve => {
      const handler: ReplyHandler = {
        onReply: reply => {
          assert.is(reply.err, 0);
          tags.push(reply.tag);
          if (tags.length === 1_000) resolve();
        },
        onLost: () => {},
      };
      for (let tag = 0; tag < 1_000; tag++) {
        session.begin(OpCode.getData).writeString('/a').writeByte(0);
        session.end(handler, tag);
      }
    });
    assert.equal(
      tags,
      Array.from({ length: 1_000 }, (_, tag) => tag),
    );
    await session.close();
  }));

test('a reply out of order is a protocol error, never taken for another request', async () => {
  let ended: SessionError | undefined;
  await withServer(
    { onRequest: (request, connection) => connection.reply(request.xid + 1, 0) },
    async server => {
      const lost = await new Promise<number>(resolve => {
        void open(server, { onEnd: error => (ended = error) }).then(session => {
          session.begin(OpCode.exists).writeString('/a').writeByte(0);
          session.end({ onReply: () => assert.unreachable(), onLost: resolve }, 42);
        });
      });
      assert.is(lost, 42);
      assert.is(ended?.code, 'PROTOCOL');
    },
  );
});

test('the limit of requests in flight is kept', () =>
  withServer({ onRequest: () => {} }, async server => {
    const session = await open(server, { inFlightMax: 2 });
    const handler: ReplyHandler = { onReply: () => {}, onLost: () => {} };
    for (let i = 0; i < 2; i++) {
      session.begin(OpCode.exists).writeString('/a').writeByte(0);
      session.end(handler);
    }
    assert.ok(session.full);
    assert.throws(() => session.begin(OpCode.exists), /2 requests are in flight/);
    session.destroy();
  }));

test('each way in which an opening can fail has its own code', async () => {
  const codes = new Set<string>();
  const attempt = async (options: FakeServerOptions, session: Partial<SessionOptions> = {}) => {
    await withServer(options, async server => {
      codes.add((await failure(open(server, session))).code);
    });
  };
  await attempt({ negotiateTimeoutMs: () => 0 }, { sessionId: 5n });
  await attempt({ negotiateTimeoutMs: () => null });
  const gone = await startFakeServer();
  await gone.close();
  codes.add((await failure(open(gone))).code);
  assert.equal([...codes].sort(), ['REFUSED', 'SESSION_EXPIRED', 'TURNED_AWAY']);
  for (const code of codes) assert.ok(code in sessionErrors);
});

test('a silent server causes a connect timeout, or a read timeout at two thirds of the session timeout', async () => {
  let silent = true;
  let answered = 0;
  const options: FakeServerOptions = { onRequest: () => answered++ };
  await withServer(options, async server => {
    const ended = new Promise<SessionError>(resolve => {
      void open(server, { timeoutMs: 150, onEnd: resolve }).then(() => {
        // The fake server answers pings by itself. To silence it, its sockets must stop reading.
        for (const socket of server.connections) socket.pause();
        silent = false;
      });
    });
    assert.is((await ended).code, 'READ_TIMEOUT');
  });
  assert.not(silent);
  assert.is(answered, 0);
});

test('an idle session is kept alive by pings', () =>
  withServer({}, async server => {
    let ended: SessionError | undefined;
    const timeoutMs = 3_000;
    const session = await open(server, { timeoutMs, onEnd: error => (ended = error) });
    await new Promise(resolve => setTimeout(resolve, 1.5 * timeoutMs));
    assert.is(ended, undefined);
    assert.ok(session.isOpen);
    await session.close();
  }));

test('when the connection ends, everything in flight is lost once and every error is reported', () =>
  withServer({ onRequest: (_, connection) => void connection.socket.destroy() }, async server => {
    const lost: number[] = [];
    const error = await new Promise<SessionError>(resolve => {
      void open(server, { onEnd: resolve }).then(session => {
        for (let tag = 0; tag < 3; tag++) {
          session.begin(OpCode.setData).writeString('/a').writeBuffer(null).writeInt(-1);
          session.end({ onReply: () => {}, onLost: tag => lost.push(tag) }, tag);
        }
      });
    });
    assert.is(error.code, 'CONNECTION_LOSS');
    assert.equal(lost, [0, 1, 2]);
  }));
