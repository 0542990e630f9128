import { randomBytes } from 'node:crypto';
import { getHeapStatistics } from 'node:v8';
import { LinkMap } from '../addresses/link-map.ts';
import { NameLookup } from '../addresses/name-lookup.ts';
import type { Logger } from '../logging/logger.ts';
import type { Random, Runtime } from '../runtime.ts';
import { DescriptorReserve, lowestFreeDescriptor } from './descriptor-reserve.ts';
import { NodeClock } from './node-clock.ts';
import { descriptorCounter, descriptorLimit } from './node-descriptors.ts';
import { nodeDisk, sparingDisk } from './node-disk.ts';
import { nodeEnvironment } from './node-environment.ts';
import { HTTP_LIMITS, httpHost } from './node-http.ts';
import { NodeNetwork } from './node-network.ts';
import { nodePlugIns } from './node-plug-ins.ts';

const nodeRandom: Random = {
  float: () => Math.random(),
  below: bound => Math.floor(Math.random() * bound),
};

/** @throws ServerError ZK_LINK_MAP */
export function nodeRuntime(options: { linkMapFile?: string | undefined; logger: Logger }): Runtime {
  const clock = new NodeClock();
  const names = new NameLookup(options.logger);
  const reserve = new DescriptorReserve({
    max: descriptorLimit() ?? -1,
    lowestFree: lowestFreeDescriptor,
    monotonicMs: () => clock.monotonicMs(),
    logger: options.logger,
  });
  const linkMap =
    options.linkMapFile === undefined ? undefined : new LinkMap(options.linkMapFile, options.logger);
  return {
    clock,
    network: new NodeNetwork(clock, names, linkMap, reserve),
    disk: sparingDisk(nodeDisk, () => reserve.allows('read')),
    random: nodeRandom,
    secret: bytes => randomBytes(bytes),
    http: httpHost(names, HTTP_LIMITS, reserve),
    plugIns: nodePlugIns,
    environment: nodeEnvironment,
    descriptors: descriptorCounter(),
    heapBytesMax: getHeapStatistics().heap_size_limit,
  };
}
