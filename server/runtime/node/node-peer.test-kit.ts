/** Connections of Node.js's network, with plain sockets as their peers. */
import { once } from 'node:events';
import * as net from 'node:net';
import { until } from '#test';
import { NameLookup } from '../addresses/name-lookup.ts';
import type { Logger } from '../logging/logger.ts';
import type { Connection, ConnectionEvents, Listener } from '../runtime.ts';
import { NodeClock } from './node-clock.ts';
import { NodeNetwork } from './node-network.ts';

export const LOOPBACK = '127.0.0.1';
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
export const clock = new NodeClock();
export const names = new NameLookup(silent);
export const network = new NodeNetwork(clock, names);
export const ignore: ConnectionEvents = { onData() {}, onClose() {} };
export const SOON = { deadlineMs: 30_000 };

export async function listening(
  onConnection: (connection: Connection) => void,
  on: NodeNetwork = network,
): Promise<Listener> {
  let open = false;
  const listener = on.listen(
    { host: LOOPBACK, port: 0 },
    {
      onListening: () => {
        open = true;
      },
      onConnection,
      onError: error => {
        throw error;
      },
    },
  );
  await until(() => open, { ...SOON, what: 'the port' });
  return listener;
}

/** Gives a plain peer to the connection that `onConnection` handles. */
export async function withPeer(
  onConnection: (connection: Connection) => void,
  body: (peer: net.Socket) => Promise<void>,
  on: NodeNetwork = network,
): Promise<void> {
  const listener = await listening(onConnection, on);
  const peer = net.connect({ port: listener.port, host: LOOPBACK, allowHalfOpen: true });
  try {
    await once(peer, 'connect');
    await body(peer);
  } finally {
    peer.destroy();
    listener.close();
  }
}

export async function allOf(peer: net.Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of peer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
