/** Two machines with a connection between them, and what each end has heard. */
import { assert } from '#test';
import type { Connection } from '../runtime.ts';
import { SeededRandom } from '../seeded-random.ts';
import type { LinkQuality } from './memory-link.ts';
import { type MemoryHost, MemoryNetwork } from './memory-network.ts';
import { VirtualClock } from './virtual-clock.ts';
import { VirtualTime } from './virtual-time.ts';

class End {
  readonly connection: Connection;
  text = '';
  chunks = 0;
  closed: string | undefined;
  drains = 0;
  keepsOpen = false;

  constructor(connection: Connection, begin = true) {
    this.connection = connection;
    if (begin) this.start();
  }

  start(): void {
    this.connection.start({
      onData: chunk => {
        this.text += chunk.toString('latin1');
        this.chunks++;
      },
      onClose: reason => {
        assert.is(this.closed, undefined, 'onClose is called once');
        this.closed = reason;
      },
      onDrain: () => this.drains++,
      onEnd: () => this.keepsOpen,
    });
  }
}

export interface Pair {
  time: VirtualTime;
  network: MemoryNetwork;
  hostA: MemoryHost;
  hostB: MemoryHost;
  near: End;
  far: End;
}

/** A connection from `near` on host a to `far` on host b. */
export function pair(link: Partial<LinkQuality> = {}, seed = 'test', beginFar = true): Pair {
  const time = new VirtualTime();
  const network = new MemoryNetwork(time, { random: new SeededRandom(seed), link });
  const hostA = network.host('a', new VirtualClock(time));
  const hostB = network.host('b', new VirtualClock(time));
  let near: End | undefined;
  let far: End | undefined;
  hostB.listen(
    { host: '0.0.0.0', port: 2181 },
    {
      onListening: () => {},
      onConnection: connection => {
        far = new End(connection, beginFar);
      },
      onError: error => assert.unreachable(String(error)),
    },
  );
  time.runUntilIdle();
  hostA.connect({ host: 'b', port: 2181 }, 1000, {
    onConnected: connection => {
      near = new End(connection);
    },
    onError: error => assert.unreachable(String(error)),
  });
  time.runUntilIdle();
  return { time, network, hostA, hostB, near: near!, far: far! };
}

export function dial(
  host: MemoryHost,
  to: { host: string; port: number },
  timeoutMs = 1000,
): { outcome: string } {
  const result = { outcome: 'pending' };
  host.connect(to, timeoutMs, {
    onConnected: () => {
      result.outcome = 'connected';
    },
    onError: error => {
      result.outcome = (error as Error & { code: string }).code;
    },
  });
  return result;
}

export const text = (value: string) => Buffer.from(value, 'latin1');
