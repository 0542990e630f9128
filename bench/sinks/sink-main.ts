/** Entry point of a process of sinks. */
import { endWithParent } from '../hosts/end-with-parent.ts';
import { type SinkCounts, SinkObserver } from './sink-observer.ts';
import type { FromSinks, ToSinks } from './sinks.ts';

/** Connections are opened in groups, as members of a cluster come up one after the other. */
const STARTED_AT_ONCE = 25;
const PAUSE_MS = 5;

const counts: SinkCounts = {
  serving: 0,
  informs: 0,
  bytes: 0,
  reconnects: 0,
  lastReason: '',
  lastServingAtMs: 0,
};
const sinks: SinkObserver[] = [];

function say(message: FromSinks): void {
  if (process.connected) process.send?.(message);
}

function startSome(waiting: SinkObserver[]): void {
  for (const sink of waiting.splice(0, STARTED_AT_ONCE)) sink.start();
  if (waiting.length > 0) setTimeout(startSome, PAUSE_MS, waiting);
}

process.on('message', (message: ToSinks) => {
  if (message.kind === 'start') {
    const { firstSid, count, masters, options } = message;
    const added = Array.from(
      { length: count },
      (_, i) => new SinkObserver(firstSid + i, masters, counts, options),
    );
    sinks.push(...added);
    startSome(added);
  }
  if (message.kind === 'ways') {
    say({ kind: 'ways', ways: sinks.flatMap(({ served }) => served ?? []) });
    return;
  }
  const { user, system } = process.cpuUsage();
  say({ kind: 'counts', counts, cpuMs: (user + system) / 1_000 });
});
endWithParent();
process.on('SIGINT', () => {});
say({ kind: 'ready' });
