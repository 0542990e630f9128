/** What clients were told while the server behind them changed. */
import type { MemoryClient } from '../memory-client.test-kit.ts';
import { JuteReader } from '../wire/jute.ts';
import { Xid } from '../wire/opcodes.ts';
import { EventType, readWatcherEvent } from '../wire/watch-event.ts';

/** Type and path of each event, in the order of arrival. */
export function events(client: MemoryClient): string[] {
  const names = new Map(Object.entries(EventType).map(([name, type]) => [type as number, name]));
  return client.replies
    .filter(({ xid }) => xid === Xid.notification)
    .map(({ body: bytes }) => readWatcherEvent(new JuteReader(bytes)))
    .map(({ type, path }) => `${names.get(type)} ${path}`);
}
