import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { assert, onPath, requirePeer, suite, until } from '#test';
import { parseSockets, tcpSockets } from './tcp-sockets.ts';

const test = suite('bench/hosts: TCP sockets');

const PRINTED = `0      0               127.34.171.3:2888              127.0.0.1:55658 users:(("node",pid=12895,fd=27))
\t bbr wscale:10,10 rto:204 bytes_sent:900 bytes_retrans:3 bytes_acked:898 bytes_received:1111744 segs_out:8758 segs_in:5113 data_segs_out:8064 data_segs_in:3139 bbr:(bw:1bps,mrtt:0.015)
ESTAB  0      0      [::ffff:127.0.0.1]:44972  [::ffff:127.34.171.1]:3888  users:(("java",pid=12,fd=2),("java",pid=13,fd=2))
\t cubic segs_out:7 segs_in:5 data_segs_in:2
0      0               127.0.0.1:1              127.0.0.1:2
\t cubic bytes_acked:5
`;

test('counts are read with and without a column of states; absent ones are 0, and a socket without a process is left out', () => {
  assert.equal(parseSockets(PRINTED), [
    {
      pid: 12895,
      local: '127.34.171.3:2888',
      remote: '127.0.0.1:55658',
      bytesSent: 898,
      bytesReceived: 1_111_744,
      packetsSent: 8_064,
      packetsReceived: 3_139,
    },
    {
      pid: 12,
      local: '127.0.0.1:44972',
      remote: '127.34.171.1:3888',
      bytesSent: 0,
      bytesReceived: 0,
      packetsSent: 0,
      packetsReceived: 2,
    },
  ]);
});

test('ss counts what this process really sends, in bytes and in packets', async () => {
  requirePeer('ss', onPath('ss'), 'iproute2 is not installed');
  const server = createServer(socket => socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.setNoDelay(true);
  await once(socket, 'connect');
  const remote = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const counted = async () => (await tcpSockets([process.pid]))?.find(each => each.remote === remote);
  for (let packets = 0; packets < 3; packets++)
    await new Promise(resolve => socket.write(Buffer.alloc(100), resolve));
  try {
    // The SYN counts as one.
    await until(async () => (await counted())?.bytesSent === 301, {
      deadlineMs: 30_000,
      what: 'the other side to acknowledge 300 bytes',
    });
    const { packetsSent = 0, packetsReceived } = (await counted())!;
    assert.ok(packetsSent >= 1 && packetsSent <= 3, `${packetsSent} packets`);
    assert.is(packetsReceived, 0);
    assert.is(await tcpSockets([2 ** 30]), null);
  } finally {
    socket.destroy();
    server.close();
  }
});
