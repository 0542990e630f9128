import { type RegisterOptions, registerPaths } from '../register-options.ts';
import type { RunningWorkload, WorkloadWorld } from '../workload.ts';
import { ClientLoad } from './client-load.ts';

/** Starts clients that write registers and spend a share of their operations on everything else. */
export function startClients(
  world: WorkloadWorld,
  {
    clients: count,
    pipelineDepth,
    thinkMs,
    readShare,
    wildShare,
    readers,
    ephemeralParts,
    ...named
  }: RegisterOptions & { wildShare: number; readers: number; ephemeralParts: number },
): RunningWorkload {
  const paths = registerPaths(named);
  const started = Array.from({ length: count }, (_, at) => {
    const process = at + 1;
    const random = world.random.fork(`load ${process}`);
    const isReader = at < readers;
    const client = world.client(process, isReader);
    const load = new ClientLoad({
      client,
      clock: world.clock(`load${process}`),
      random,
      paths,
      pipelineDepth,
      thinkMs,
      readShare: isReader ? Math.max(readShare, READ_SHARE_OF_READERS) : readShare,
      wildShare,
      ephemeralParts,
      ...(isReader ? { sessionShare: SESSION_SHARE_OF_READERS, ephemeralShare: EPHEMERAL_SHARE } : {}),
      signature: `p${process}`,
    });
    return { client, load };
  });
  return {
    clients: started.map(({ client }) => client),
    stop: () => {
      for (const { load } of started) load.stop();
    },
  };
}

/** Readers keep their sessions for a while, and seldom make them global: only local ones read on. */
const SESSION_SHARE_OF_READERS = 0.004;
const EPHEMERAL_SHARE = 0.03;
const READ_SHARE_OF_READERS = 0.6;
