import type { JuteReader, JuteWriter } from './jute.ts';

/** @see docs/wire.md "Watches"; Watcher.Event */
export const EventType = { none: -1, created: 1, deleted: 2, dataChanged: 3, childrenChanged: 4 } as const;
export type EventType = (typeof EventType)[keyof typeof EventType];

export const KeeperState = {
  disconnected: 0,
  connected: 3,
  authFailed: 4,
  connectedReadOnly: 5,
  saslAuthenticated: 6,
  closed: 7,
  expired: -112,
} as const;

export interface WatcherEvent {
  type: number;
  state: number;
  path: string;
}

export function readWatcherEvent(reader: JuteReader): WatcherEvent {
  return { type: reader.readInt(), state: reader.readInt(), path: reader.readString() ?? '' };
}

export function writeWatcherEvent(writer: JuteWriter, event: WatcherEvent): void {
  writer.writeInt(event.type).writeInt(event.state).writeString(event.path);
}
