import type { SinkName, StreamSettings } from '../config/stream-settings.ts';
import type { CreateSink } from './sink.ts';

/** The brokers that this server has a sink for. Each loads its library only when it is used. */
const SINKS: Readonly<Record<SinkName, () => Promise<CreateSink>>> = {
  nats: async () => (await import('./nats-sink.ts')).createNatsSink,
  redis: async () => (await import('./redis-sink.ts')).createRedisSink,
};

/** The sink of the configuration, or the one that a module exports as `createSink`. */
export async function sinkNamed(sink: StreamSettings['sink']): Promise<CreateSink> {
  if (Object.hasOwn(SINKS, sink)) return SINKS[sink as SinkName]();
  const module = (await import(sink)) as { createSink?: CreateSink };
  if (typeof module.createSink !== 'function')
    throw new Error(`the module ${sink} exports no function createSink(options)`);
  return module.createSink;
}
