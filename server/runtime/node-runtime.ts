import { LinkMap } from './link-map.ts';
import type { Logger } from './logger.ts';
import { NodeClock } from './node-clock.ts';
import { descriptorCounter } from './node-descriptors.ts';
import { nodeDisk } from './node-disk.ts';
import { nodeEnvironment } from './node-environment.ts';
import { nodeHttp } from './node-http.ts';
import { NodeNetwork } from './node-network.ts';
import type { Random, Runtime } from './runtime.ts';

const nodeRandom: Random = {
  float: () => Math.random(),
  below: bound => Math.floor(Math.random() * bound),
};

/** @throws ServerError ZK_LINK_MAP */
export function nodeRuntime(options: { linkMapFile?: string | undefined; logger: Logger }): Runtime {
  const clock = new NodeClock();
  const linkMap =
    options.linkMapFile === undefined ? undefined : new LinkMap(options.linkMapFile, options.logger);
  return {
    clock,
    network: new NodeNetwork(clock, linkMap),
    disk: nodeDisk,
    random: nodeRandom,
    http: nodeHttp,
    environment: nodeEnvironment,
    descriptors: descriptorCounter(),
  };
}
