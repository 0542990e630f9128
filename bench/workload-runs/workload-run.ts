/** What the commands that run workloads share: an ensemble that is prepared, drivers, and the end of both. */
import { makeTemporaryFolder } from '../hosts/temporary-folder.ts';
import { ZkClientError } from '../load/client/client-error.ts';
import type { LoadMode, LoadSpec } from '../load/load-spec.ts';
import { SessionError } from '../load/session/session-error.ts';
import { PreloadError, preload, preloadNodes } from '../load/workload/preload.ts';
import type { LoadPlan } from '../load/workload/workload-file.ts';
import { EnsembleError } from '../topology/ensemble-error.ts';
import { DriverGroup } from './driver-group.ts';
import { type LoadedEnsemble, type LoadTargetText, openEnsemble } from './loaded-ensemble.ts';
import { firstMissing, removeTree } from './remove-tree.ts';

export interface WorkloadRunOptions {
  readonly target: LoadTargetText;
  readonly plan: LoadPlan;
  readonly seed: number;
  /** Leaves what the workload created on an ensemble that runs on. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
  readonly onPhase: (what: string) => void;
  /** Told what a person should know, though it changes no number. */
  readonly onNote: (text: string) => void;
}

export interface PreparedRun {
  readonly ensemble: LoadedEnsemble;
  readonly drivers: DriverGroup;
  /** The load of one window. */
  specOf(timing: Pick<LoadSpec, 'warmupMs' | 'durationMs'>, mode?: LoadMode): LoadSpec;
}

/**
 * Prepares the ensemble, passes it to `body`, and leaves it as it was.
 * @throws EnsembleError, LoadError, and what `body` throws
 */
export async function withWorkload<T>(
  options: WorkloadRunOptions,
  body: (run: PreparedRun) => Promise<T>,
): Promise<T> {
  const { target, plan, signal, onPhase } = options;
  const folder = makeTemporaryFolder('load');
  const drivers = new DriverGroup(plan.drivers);
  try {
    const ensemble = await openEnsemble(target, { folder: folder.path, signal, onPhase });
    try {
      const clean = await prepare(ensemble, options).catch(refusedBy(ensemble));
      try {
        return await body({ ensemble, drivers, specOf: specsOf(ensemble, options) });
      } finally {
        await clean();
      }
    } finally {
      onPhase('stopping');
      await ensemble.stop();
    }
  } finally {
    await drivers.close();
    folder.remove();
  }
}

function specsOf({ targets }: LoadedEnsemble, { plan, seed }: WorkloadRunOptions): PreparedRun['specOf'] {
  return ({ warmupMs, durationMs }, mode = plan.mode) => ({
    targets: [...targets],
    sessionsPerTarget: plan.sessionsPerMember,
    workload: { ...plan.workload, seed },
    mode,
    warmupMs,
    durationMs,
  });
}

/** Creates the nodes of the workload. Returns what removes them where that is to be done. */
async function prepare(
  { targets, isOwn }: LoadedEnsemble,
  options: WorkloadRunOptions,
): Promise<() => Promise<void>> {
  const { plan, seed, onPhase } = options;
  const [first] = targets;
  const connectString = targets.map(({ host, port }) => `[${host}]:${port}`).join(',');
  const { root = '' } = plan.workload;
  const created = isOwn ? undefined : await firstMissing(connectString, root);
  const clean = isOwn ? async () => {} : () => leave(connectString, root, created, options);
  onPhase('creating the nodes of the workload');
  try {
    if (plan.replay !== undefined) await preloadNodes(first!, root, plan.replay.nodes);
    else await preload(first!, { ...plan.workload, seed }, plan.sessionsPerMember * targets.length);
  } catch (error) {
    await clean();
    throw error;
  }
  return clean;
}

/**
 * Removes what was created. Where that fails, a note says so: what was measured before is not lost for it.
 * @param created undefined: the root was there before
 */
async function leave(
  connectString: string,
  root: string,
  created: string | undefined,
  { keep, onPhase, onNote }: WorkloadRunOptions,
): Promise<void> {
  if (keep) onPhase(`${root} is kept`);
  else if (created === undefined) onPhase(`${root} is left, because it was there before`);
  else {
    try {
      onPhase(`removed ${await removeTree(connectString, created)} znodes from ${created} on`);
    } catch (error) {
      if (!(error instanceof ZkClientError)) throw error;
      onNote(`znodes from ${created} on are left, because they could not be removed: ${error.message}`);
    }
  }
}

/** What an ensemble does not let a client do is no defect of the lab. */
function refusedBy(ensemble: LoadedEnsemble): (error: unknown) => Promise<never> {
  return async error => {
    if (![ZkClientError, SessionError, PreloadError].some(kind => error instanceof kind)) throw error;
    const why = [(error as Error).message, ...(await ensemble.ended()).texts].join('; ');
    throw new EnsembleError(`the nodes of the workload cannot be created: ${why}`);
  };
}
