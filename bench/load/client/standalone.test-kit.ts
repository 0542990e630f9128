/** A standalone server, Apache's or ours, for tests of its clients. */
import { join } from 'node:path';
import { quickJava, requirePeer, type Suite, temporaryFolder } from '#test';
import { findApacheZooKeeper } from '../../hosts/apache-zookeeper.ts';
import { Ensemble } from '../../topology/ensemble.ts';
import type { Member } from '../../topology/member.ts';
import { planEnsemble } from '../../topology/plan.ts';
import { topologyOf } from '../../topology/topology.ts';

/** The client and the driver must work the same with both. */
export const SERVERS = ['apache', 'zklab'] as const;
export type Server = (typeof SERVERS)[number];

export interface Standalone {
  readonly address: { readonly host: string; readonly port: number };
  readonly connectString: string;
  /** Sends SIGKILL; settles when the process is gone. */
  kill(): Promise<void>;
  /** Restarts it on its address and data; settles when it serves. */
  start(): Promise<void>;
}

/** Skips the test when Apache is asked for and not installed. The server ends with the body. */
export async function withStandalone(
  implementation: Server,
  body: (server: Standalone) => Promise<void>,
): Promise<void> {
  const server = await startStandalone(implementation);
  try {
    await body(server);
  } finally {
    await server.stop();
  }
}

/** As `withStandalone`, with one server for all tests of the suite, which ends after the last. */
export function sharedStandalone(
  test: Suite,
  implementation: Server,
): (body: (server: Standalone) => Promise<void>) => Promise<void> {
  let started: ReturnType<typeof startStandalone> | undefined;
  test.after(async () => {
    await (await started?.catch(() => undefined))?.stop();
  });
  return async body => {
    started ??= startStandalone(implementation);
    await body(await started);
  };
}

async function startStandalone(implementation: Server): Promise<Standalone & { stop(): Promise<void> }> {
  if (implementation === 'apache') {
    const installed = findApacheZooKeeper() !== undefined;
    requirePeer('java with Apache ZooKeeper', installed, 'what the driver says is judged by the real server');
  }
  const topology = topologyOf(
    { voters: 1, implementation, settings: { extendedTypesEnabled: true } },
    `a lone ${implementation}`,
  );
  const plan = await planEnsemble(topology, join(temporaryFolder(), 'server'));
  const javaFlags = [...quickJava(128), '-Dzookeeper.extendedTypesEnabled=true'];
  const ensemble = await Ensemble.start(plan, { javaFlags });
  const [member] = ensemble.members as [Member];
  return {
    address: member.plan.ports.client,
    connectString: member.ownAddress,
    kill: async () => void (await member.process.kill()),
    start: () => ensemble.restart(member.name),
    stop: () => ensemble.stop(),
  };
}
