import type { ToxicType } from '../stage.ts';
import { bandwidth } from './bandwidth.ts';
import { latency } from './latency.ts';
import { limitData } from './limit-data.ts';
import { noop } from './noop.ts';
import { packetDelay, packetDouble, packetDrop } from './packets.ts';
import { resetPeer } from './reset-peer.ts';
import { slicer } from './slicer.ts';
import { slowClose } from './slow-close.ts';
import { timeout } from './timeout.ts';

const types: readonly ToxicType[] = [
  latency,
  bandwidth,
  slowClose,
  timeout,
  resetPeer,
  slicer,
  limitData,
  noop,
  packetDrop,
  packetDelay,
  packetDouble,
];

/** Every kind of toxic, by the type that requests name. */
export const toxicTypes: ReadonlyMap<string, ToxicType> = new Map(types.map(type => [type.type, type]));
