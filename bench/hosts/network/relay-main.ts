/**
 * Entry point of the relay: it runs in the hub of a network, and takes connections of listeners that the lab
 * opened outside and handed over. A socket stays in the namespace in which it was made.
 */
import * as net from 'node:net';
import { endWithParent } from '../end-with-parent.ts';
import type { Address } from '../ports.ts';

process.on('message', (to: Address, listener: unknown) => {
  (listener as net.Server).on('connection', client => pass(client, to));
  process.send?.(to);
});
endWithParent();
process.on('SIGINT', () => {});

function pass(client: net.Socket, { host, port }: Address): void {
  client.setNoDelay(true);
  const member = net.connect({ host, port, noDelay: true, allowHalfOpen: true });
  // Whoever asks with a four-letter word may end its side before the answer comes.
  client.allowHalfOpen = true;
  for (const [from, into] of [
    [client, member],
    [member, client],
  ] as const) {
    from.pipe(into);
    // A member that refuses or cuts a connection does so to the client as well.
    from.on('error', () => into.resetAndDestroy());
    from.on('close', () => into.destroySoon());
  }
}
