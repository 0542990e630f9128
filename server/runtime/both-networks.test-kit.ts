/** The network of Node.js and the simulated one, for tests of what both have to do. */
import { assert, until } from '#test';
import { LOOPBACK, network as nodeNetwork, SOON } from './node/node-peer.test-kit.ts';
import type { Network } from './runtime.ts';
import { MemoryNetwork } from './virtual/memory-network.ts';
import { VirtualClock } from './virtual/virtual-clock.ts';

/** One kind of network, and how its time advances. */
export interface World {
  readonly name: string;
  readonly network: Network;
  /** Waits until the condition holds. */
  wait(condition: () => boolean, what: string): Promise<void>;
}

export function worlds(): World[] {
  const virtual = new VirtualClock();
  const memory = new MemoryNetwork(virtual.time).host(LOOPBACK, virtual);
  return [
    {
      name: 'Node.js',
      network: nodeNetwork,
      async wait(condition, what) {
        await until(condition, { ...SOON, what });
      },
    },
    {
      name: 'simulated',
      network: memory,
      async wait(condition, what) {
        assert.ok(virtual.time.runUntil(condition, virtual.time.nowMs + SOON.deadlineMs), what);
      },
    },
  ];
}
