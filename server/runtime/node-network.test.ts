import { once } from 'node:events';
import * as net from 'node:net';
import { assert, suite, until } from '#test';
import { NodeClock } from './node-clock.ts';
import { NodeNetwork } from './node-network.ts';

const test = suite('runtime: TCP on Node.js');

test('a connection that is ended after an empty write ends', async () => {
  const network = new NodeNetwork(new NodeClock());
  let listening = false;
  const listener = network.listen(
    { host: '127.0.0.1', port: 0 },
    {
      onListening: () => {
        listening = true;
      },
      onConnection: connection => {
        connection.start({ onData() {}, onClose() {} });
        connection.write(Buffer.alloc(0));
        connection.end();
      },
      onError: error => {
        throw error;
      },
    },
  );
  await until(() => listening, { deadlineMs: 2000, what: 'the port' });
  const socket = net.connect(listener.port, '127.0.0.1');
  try {
    socket.resume();
    const [ended] = await Promise.all([once(socket, 'end'), once(socket, 'connect')]);
    assert.equal(ended, []);
  } finally {
    socket.destroy();
    listener.close();
  }
});
