/** A broker in memory, and plug-ins that talk to it over a network with a clock of its own. */
import type { PlugIn, PlugInEvents, PlugInHost } from '../runtime/runtime.ts';
import type { ManualClock } from '../storage/storage.test-kit.ts';
import type { FromPlugIn, Gap, ToPlugIn } from './plug-in-messages.ts';

export type Stored = { readonly zxid: number; readonly gap: Gap | null };

const NETWORK_MS = 1;

/**
 * Stores only a message that comes directly behind its last one, one message at a time. Messages that a
 * plug-in has sent arrive whether or not the plug-in still lives.
 */
export class FakeBroker implements PlugInHost {
  readonly stored: Stored[];
  readonly #clock: Pick<ManualClock, 'after'>;
  /** The broker refuses connections, and ends the existing ones. */
  isDown = false;
  /** The broker accepts messages, and answers none. */
  isSilent = false;
  #running: { readonly end: (reason: string) => void } | null = null;

  /** `stored`: the messages that the broker has stored, which an observer with another clock shares. */
  constructor(clock: Pick<ManualClock, 'after'>, stored: Stored[] = []) {
    this.#clock = clock;
    this.stored = stored;
  }

  get last(): number | null {
    return this.stored.at(-1)?.zxid ?? null;
  }

  start(events: PlugInEvents): PlugIn {
    let isAlive = true;
    let last: number | null = null;
    const answer = (message: FromPlugIn): void => {
      if (isAlive && !this.isSilent) events.onMessage(message);
    };
    const end = (reason: string): void => {
      if (!isAlive) return;
      isAlive = false;
      events.onEnd(reason);
    };
    this.#running = { end };
    const append = (messages: readonly Stored[], at = 0): void => {
      const message = messages[at];
      if (message === undefined) answer({ type: 'stored', zxid: messages.at(-1)!.zxid });
      else if (this.isDown) answer({ type: 'failed', reason: 'the broker is down' });
      else if (this.last !== last) answer({ type: 'failed', reason: 'another publisher' });
      else {
        this.stored.push(message);
        last = message.zxid;
        this.#clock.after(NETWORK_MS, () => append(messages, at + 1));
      }
    };
    const hear = (message: ToPlugIn): void => {
      switch (message.type) {
        case 'open':
          if (!isAlive) return;
          if (this.isDown) {
            answer({ type: 'failed', reason: 'the broker is down' });
            return;
          }
          last = this.last;
          answer({ type: 'opened', zxid: last });
          return;
        case 'send':
          append(message.txns.map(({ zxid }) => ({ zxid, gap: null })));
          return;
        case 'tell':
          append([{ zxid: message.gap.through, gap: message.gap }]);
          return;
      }
    };
    return {
      send: message => void this.#clock.after(NETWORK_MS, () => hear(message as ToPlugIn)),
      kill: () => {
        isAlive = false;
      },
    };
  }

  /** Ends the plug-in as kill -9 on its process does. */
  killPlugIn(): void {
    this.#running?.end('it ended by SIGKILL');
  }
}

/**
 * What is wrong with a stream, given the committed zxids: transactions that are missing without a notice,
 * stored twice or out of order, or never committed. Empty when nothing is wrong.
 */
export function verdictOn(stored: readonly Stored[], committed: readonly number[]): string[] {
  const problems: string[] = [];
  const gaps = stored.flatMap(({ gap }) => (gap === null ? [] : [gap]));
  const isExcused = (zxid: number) => gaps.some(({ after, through }) => zxid > after && zxid <= through);
  for (const [at, { zxid }] of stored.entries())
    if (at > 0 && zxid <= stored[at - 1]!.zxid)
      problems.push(`${zxid.toString(16)} at ${at} is not in order`);
  const txns = new Set(stored.filter(({ gap }) => gap === null).map(({ zxid }) => zxid));
  for (const zxid of committed) {
    if (!txns.has(zxid) && !isExcused(zxid)) problems.push(`${zxid.toString(16)} is missing`);
    if (txns.has(zxid) && isExcused(zxid))
      problems.push(`${zxid.toString(16)} is there, and was reported as missing`);
  }
  const known = new Set(committed);
  for (const zxid of txns) if (!known.has(zxid)) problems.push(`${zxid.toString(16)} was never committed`);
  return problems;
}
