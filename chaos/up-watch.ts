/** What happens to an ensemble that a person breaks by hand: modes, ends of processes, and the proxies. */
import type { Ensemble } from '../bench/topology/ensemble.ts';
import type { MeshedEnsemble } from './meshed-ensemble.ts';
import { waitMs } from './wait.ts';

export interface ModeChange {
  readonly member: string;
  readonly from: string;
  readonly to: string;
}

export interface Watched extends Partial<Pick<MeshedEnsemble, 'whyLost'>> {
  readonly ensemble: Ensemble;
}

export interface Watcher {
  changed(change: ModeChange): void;
  /** Something that a person should know, one sentence. */
  noted(text: string): void;
}

const WATCH_INTERVAL_MS = 1_000;

/**
 * Returns when the signal comes: why the proxies served no more, if they did not. Everything since the start
 * of the ensemble is told, also what happened before this was called.
 * @param described the mode of each member, as a person was told them
 */
export async function watchUp(
  { ensemble, whyLost }: Watched,
  described: ReadonlyMap<string, string>,
  watcher: Watcher,
  signal: AbortSignal,
): Promise<string | undefined> {
  let before = described;
  let deaths = 0;
  let lost: string | undefined;
  while (!signal.aborted) {
    await waitMs(WATCH_INTERVAL_MS, signal);
    const now = await ensemble.modes();
    if (signal.aborted) break;
    for (const { member, exit, logEnd } of ensemble.deaths.slice(deaths))
      watcher.noted(`${member} ended with ${exit}; its log ends:\n${logEnd.replace(/^/gm, '    ')}`);
    deaths = ensemble.deaths.length;
    for (const change of changes(before, now)) watcher.changed(change);
    before = now;
    if (whyLost !== undefined) lost ??= await lostNow(whyLost, watcher);
  }
  return lost;
}

async function lostNow(whyLost: MeshedEnsemble['whyLost'], watcher: Watcher): Promise<string | undefined> {
  const lost = await whyLost();
  if (lost !== undefined) watcher.noted(`${lost}: links that lead through it work no more`);
  return lost;
}

function changes(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): ModeChange[] {
  return [...now].flatMap(([member, to]) => {
    const from = before.get(member) ?? 'down';
    return from === to ? [] : [{ member, from, to }];
  });
}

/** Starts every ended member again. Returns what became of each, in words. */
export async function restartEnded(ensemble: Ensemble): Promise<string[]> {
  const ended = ensemble.members.filter(({ host, pid }) => host.stateOf(pid) === 'gone');
  if (ended.length === 0) return ['no member has ended, so none is started again'];
  return Promise.all(
    ended.map(({ name }) =>
      ensemble.restart(name).then(
        () => `${name} was started again, as process ${ensemble.member(name).pid}`,
        (error: Error) => `${name} was not started again: ${error.message.split('\n')[0]}`,
      ),
    ),
  );
}
