/** The load driver in a process of its own, so that what the lab does meanwhile does not show in the latencies. */
import { fileURLToPath } from 'node:url';
import { execaNode } from 'execa';
import type { LoadResult, LoadSpec } from './load-spec.ts';
import type { LoadProgress } from './run-load.ts';

export type ToLoadProcess = { kind: 'run'; spec: LoadSpec } | { kind: 'stop' };

export type FromLoadProcess =
  | { kind: 'ready' }
  | { kind: 'progress'; progress: LoadProgress }
  | { kind: 'result'; result: LoadResult }
  | { kind: 'failed'; message: string };

export interface LoadProcess {
  pid: number;
  /** @throws Error with the driver's own message, or what became of its process */
  result: Promise<LoadResult>;
  /** Ends the load early: the result comes all the same, void. */
  stop(): void;
}

const MAIN = fileURLToPath(new URL('./load-main.js', import.meta.url));
/** Past warm-up, duration and drain: then the driver hangs. */
const GRACE_MS = 30_000;

export function startLoadProcess(spec: LoadSpec, onProgress?: (progress: LoadProgress) => void): LoadProcess {
  const timeout = spec.warmupMs + spec.durationMs + GRACE_MS;
  const child = execaNode(MAIN, { ipc: true, serialization: 'json', cleanup: true, timeout, reject: false });
  let answered = false;
  const result = new Promise<LoadResult>((resolve, reject) => {
    child.on('message', (message: unknown) => {
      const received = message as FromLoadProcess;
      if (received.kind === 'ready') send({ kind: 'run', spec });
      else if (received.kind === 'progress') onProgress?.(received.progress);
      else {
        answered = true;
        if (received.kind === 'result') resolve(received.result);
        else reject(new Error(`load driver: ${received.message}`));
      }
    });
    void child.then(ended => {
      if (answered) return;
      const why = ended.timedOut ? `no result within ${timeout} ms` : ended.stderr || ended.shortMessage;
      reject(new Error(`load driver ended without a result: ${String(why).slice(-2_000)}`));
    });
  });
  // Whoever awaits it hears of a failure; until somebody does, it must not bring the lab down as unhandled.
  result.catch(() => {});
  const send = (message: ToLoadProcess): void => {
    if (child.connected) child.send(message as never, () => {});
  };
  return { pid: child.pid ?? 0, result, stop: () => send({ kind: 'stop' }) };
}
