/**
 * Placebo observers: processes that use as much CPU as observers would, but do not belong to the ensemble.
 */
import { fileURLToPath } from 'node:url';
import { execaNode } from 'execa';
import { LoadError } from '../../../bench/load/load-error.ts';

const MAIN = fileURLToPath(new URL('./placebo-main.js', import.meta.url));

export interface Placebos {
  /** @throws LoadError when one of them has ended: they burnt less than was asked */
  check(): void;
  stop(): Promise<void>;
}

/** @param cores what each of them burns, 0 to 1 */
export async function startPlacebos(count: number, cores: number): Promise<Placebos> {
  const share = Math.min(1, Math.max(0, cores));
  const children = Array.from({ length: count }, () =>
    execaNode(MAIN, [String(share)], { ipc: true, cleanup: true, reject: false, buffer: false }),
  );
  const stop = async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children);
  };
  try {
    await Promise.all(children.map(child => child.getOneMessage()));
  } catch (error) {
    await stop();
    throw error;
  }
  const check = () => {
    const ended = children.filter(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
    if (ended.length > 0)
      throw new LoadError(`${ended.length} of ${count} placebos ended before they were asked to`);
  };
  return { check, stop };
}
