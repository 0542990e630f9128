import { assert, suite } from '#test';
import type { Connection } from '../../../server/runtime/runtime.ts';
import { MemoryNetwork } from '../../../server/runtime/virtual/memory-network.ts';
import { VirtualClock } from '../../../server/runtime/virtual/virtual-clock.ts';
import { readConnectRequest, writeConnectResponse } from '../../../server/wire/connect.ts';
import { FrameReader } from '../../../server/wire/frames.ts';
import { JuteReader, JuteWriter } from '../../../server/wire/jute.ts';
import { OpCode, Xid } from '../../../server/wire/opcodes.ts';
import { HistoryRecorder } from './history-recorder.ts';
import { RecordingClient } from './recording-client.ts';

const test = suite('workloads: the recording client');
const SERVER = { host: 'server', port: 2181 };

function framed(write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter();
  writer.writeInt(0);
  write(writer);
  writer.patchInt(0, writer.length - 4);
  return Buffer.from(writer.toBuffer());
}

const reply = (xid: number, zxid: number, body: (writer: JuteWriter) => void = () => {}) =>
  framed(writer => body(writer.writeInt(xid).writeLong(zxid).writeInt(0)));

test('what a server answers behind a closeSession is nobody’s: the next session sets no watch again', () => {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock.time);
  const reader = new JuteReader();
  const setWatches: string[] = [];
  let sessions = 0;
  let asked = 0;
  const serve = (connection: Connection) => {
    let session = 0n;
    const frames = new FrameReader(1_000, (bytes, start, end) => {
      reader.reset(bytes, start, end);
      if (session === 0n) {
        const { sessionId } = readConnectRequest(reader);
        session = sessionId === 0n ? BigInt(++sessions) : sessionId;
        const granted = { protocolVersion: 0, timeoutMs: 5_000, sessionId: session, readOnly: false };
        connection.write(framed(w => writeConnectResponse(w, { ...granted, password: Buffer.alloc(16) })));
        return;
      }
      const xid = reader.readInt();
      if (xid === Xid.setWatches) setWatches.push(`session ${session}`);
      if (xid > 0 && reader.readInt() !== OpCode.closeSession && ++asked === 1)
        connection.write(Buffer.concat([reply(1, 7), reply(2, 8, w => w.writeInt(0))]));
    });
    connection.start({ onData: chunk => frames.feed(chunk), onClose() {} });
  };
  const onConnection = serve;
  const nothing = { onListening() {}, onError() {} };
  network.host('server', clock).listen(SERVER, { ...nothing, onConnection });
  const time = {
    get nowMs() {
      return clock.time.nowMs;
    },
  };
  const recorder = new HistoryRecorder({ time, note() {} });
  const client = new RecordingClient({
    ...{ process: 1, clock, network: network.host('client', clock), servers: [SERVER], recorder },
    ...{ sessionTimeoutMs: 5_000, note() {}, onViolation: what => assert.unreachable(what) },
  });
  const until = (condition: () => boolean, what: string) =>
    assert.ok(clock.time.runUntil(condition, clock.time.nowMs + 10_000), what);
  until(() => client.ready, 'the first session');
  client.send({ f: 'closeSession', path: '' });
  client.send({ f: 'getChildren', path: '/w', watch: true });
  until(() => client.ready && sessions === 2, 'the second session');
  client.move();
  until(() => !client.ready, 'the move');
  until(() => client.ready, 'the second session on another connection');
  assert.equal([sessions, setWatches], [2, []]);
  assert.equal(
    recorder.history.filter(({ type }) => type !== 'invoke').map(({ f, type }) => [f, type]),
    [
      ['closeSession', 'ok'],
      ['getChildren', 'fail'],
    ],
  );
  client.close();
});
