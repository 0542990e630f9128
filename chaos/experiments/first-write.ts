/** When does an ensemble commit again? Asks several members at once, each as soon as it accepts a session. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Session } from '../../bench/load/session/session.ts';
import { OpCode } from '../../server/wire/opcodes.ts';

export interface WriteTarget {
  readonly host: string;
  readonly port: number;
}

const CONNECT_MAX_MS = 500;
const REPLY_MAX_MS = 1_000;
const PAUSE_MS = 10;

/**
 * @returns ms since 1970 at which the first write was acknowledged; undefined when none was by the deadline
 */
export async function firstWrite(
  targets: readonly WriteTarget[],
  path: string,
  maxMs: number,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const done = new AbortController();
  const giveUpAt = performance.now() + maxMs;
  const attempts = targets.map(async target => {
    while (!done.signal.aborted && !signal?.aborted && performance.now() < giveUpAt) {
      if (await writes(target, path)) {
        const now = Date.now();
        done.abort();
        return now;
      }
      await sleep(PAUSE_MS);
    }
    return undefined;
  });
  const times = (await Promise.all(attempts)).filter(time => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

async function writes({ host, port }: WriteTarget, path: string): Promise<boolean> {
  let lost = (): void => {};
  const session = new Session({ host, port, connectTimeoutMs: CONNECT_MAX_MS, onEnd: () => lost() });
  try {
    await session.open();
    return await new Promise<boolean>(resolve => {
      const timer = setTimeout(() => resolve(false), REPLY_MAX_MS);
      const answer = (ok: boolean) => {
        clearTimeout(timer);
        resolve(ok);
      };
      lost = () => answer(false);
      session.begin(OpCode.setData).writeString(path).writeBuffer(Buffer.from('alive')).writeInt(-1);
      session.end({ onReply: ({ err }) => answer(err === 0), onLost: () => answer(false) });
    });
  } catch {
    return false;
  } finally {
    session.destroy();
  }
}
