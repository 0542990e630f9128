import { ClientLoad } from './client-load.ts';
import { type RegisterOptions, registerPaths } from './register-options.ts';
import type { RunningWorkload, WorkloadWorld } from './workload.ts';

/** Starts clients that write registers and spend a share of their operations on everything else. */
export function startClients(
  world: WorkloadWorld,
  {
    clients: count,
    pipelineDepth,
    thinkMs,
    readShare,
    wildShare,
    ...named
  }: RegisterOptions & { wildShare: number },
): RunningWorkload {
  const paths = registerPaths(named);
  const started = Array.from({ length: count }, (_, at) => {
    const process = at + 1;
    const random = world.random.fork(`load ${process}`);
    const client = world.client(process);
    const load = new ClientLoad({
      client,
      clock: world.clock(`load${process}`),
      random,
      paths,
      pipelineDepth,
      thinkMs,
      readShare,
      wildShare,
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
