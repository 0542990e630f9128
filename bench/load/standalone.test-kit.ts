/** A lone server, Apache's or ours, for tests of what speaks to it. */
import { join } from 'node:path';
import { requirePeer, temporaryFolder } from '#test';
import { findApacheZooKeeper } from '../topology/apache-zookeeper.ts';
import { Ensemble } from '../topology/ensemble.ts';
import type { Member } from '../topology/member.ts';
import { JAVA_FLAGS } from '../topology/member-command.ts';
import { planEnsemble } from '../topology/plan.ts';
import { topologyOf } from '../topology/topology.ts';

/** What the client and the driver say must be true of both. */
export const SERVERS = ['apache', 'zklab'] as const;
export type Server = (typeof SERVERS)[number];

export interface Standalone {
  readonly address: { readonly host: string; readonly port: number };
  readonly connectString: string;
  /** SIGKILL; settles when it is gone. */
  kill(): Promise<void>;
  /** On its address and data; settles when it serves. */
  start(): Promise<void>;
}

/** Skips the test where Apache is asked for and not installed. The server ends with the body. */
export async function withStandalone(
  implementation: Server,
  body: (server: Standalone) => Promise<void>,
): Promise<void> {
  if (implementation === 'apache') {
    const installed = findApacheZooKeeper() !== undefined;
    requirePeer('java with Apache ZooKeeper', installed, 'what the driver says is judged by the real server');
  }
  const topology = topologyOf(
    { voters: 1, implementation, settings: { extendedTypesEnabled: true } },
    `a lone ${implementation}`,
  );
  const plan = await planEnsemble(topology, join(temporaryFolder(), 'server'));
  const javaFlags = [...JAVA_FLAGS, '-Dzookeeper.extendedTypesEnabled=true'];
  const ensemble = await Ensemble.start(plan, { javaFlags });
  const [member] = ensemble.members as [Member];
  try {
    await body({
      address: member.plan.ports.client,
      connectString: member.ownAddress,
      kill: async () => void (await member.process.kill()),
      start: () => ensemble.restart(member.name),
    });
  } finally {
    await ensemble.stop();
  }
}
