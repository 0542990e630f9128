/**
 * Runs one load from spec to result in this process. The lab runs it in its own process: see
 * `load-process.ts`.
 */

import { bucketMsFor } from '../measure/timeline.ts';
import { readRecording } from '../recording/recording-file.ts';
import { DriverMonitor, type DriverUse, saturation } from './driver/driver-monitor.ts';
import { GeneratedLoad } from './generated-load.ts';
import { LoadRecorder } from './load-recorder.ts';
import type { LoadSource } from './load-source.ts';
import {
  checkLoadSpec,
  ENDED_EARLY,
  isOpenLoop,
  LOAD_DEFAULTS,
  type LoadResult,
  type LoadSpec,
} from './load-spec.ts';
import { unlikeTheSpec } from './load-validity.ts';
import { ReplayLoad } from './replay/replay-load.ts';
import { isWrite } from './workload/operations.ts';

export interface LoadProgress {
  /** Whole seconds since the warm-up ended; negative during the warm-up. */
  second: number;
  ok: number;
}

/**
 * @param signal ends the run early; what was measured until then is returned, and the run is void
 * @throws SessionError when a session cannot be opened; RangeError, TypeError for an invalid spec
 */
export async function runLoad(
  spec: LoadSpec,
  signal?: AbortSignal,
  onProgress?: (progress: LoadProgress) => void,
): Promise<LoadResult> {
  checkLoadSpec(spec);
  const recorder = new LoadRecorder(spec.targets, isOpenLoop(spec.mode));
  const source = sourceOf(spec, recorder);
  try {
    await source.open();
    return await measure(spec, source, recorder, signal, onProgress);
  } finally {
    await source.close();
  }
}

function sourceOf(spec: LoadSpec, recorder: LoadRecorder): LoadSource {
  const { mode } = spec;
  if (mode.kind !== 'replay') return new GeneratedLoad(spec, mode, recorder);
  return new ReplayLoad(spec, readRecording(mode.file), mode.speed, recorder);
}

async function measure(
  spec: LoadSpec,
  source: LoadSource,
  recorder: LoadRecorder,
  signal: AbortSignal | undefined,
  onProgress: ((progress: LoadProgress) => void) | undefined,
): Promise<LoadResult> {
  const startMs = performance.now();
  const fromMs = startMs + spec.warmupMs;
  recorder.begin(fromMs, fromMs + spec.durationMs, spec.bucketMs ?? bucketMsFor(spec.durationMs));
  const stopSending = source.start(startMs);
  const progress = setInterval(() => {
    const ok = recorder.readsInWindow + recorder.writesInWindow;
    onProgress?.({ second: Math.floor((performance.now() - fromMs) / 1000), ok });
  }, 1_000);
  try {
    await sleepUntil(fromMs, signal);
    const measuredFrom = new Date(Date.now() - (performance.now() - fromMs)).toISOString();
    const monitor = new DriverMonitor().start();
    await sleepUntil(recorder.untilMs, signal);
    const driver = monitor.stop();
    const endedMs = performance.now();
    if (endedMs < recorder.untilMs) recorder.untilMs = Math.max(endedMs, fromMs);
    stopSending();
    await drain(source, spec.drainMs ?? LOAD_DEFAULTS.drainMs);
    // The sessions close first: unanswered requests become `unknown` and must be in the result.
    await source.close();
    return resultOf(spec, recorder, measuredFrom, driver, signal?.aborted === true);
  } finally {
    stopSending();
    clearInterval(progress);
  }
}

function sleepUntil(atMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise(resolve => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    let timer: NodeJS.Timeout;
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    // Node.js cuts fractions off, and timers may be early: the last requests would be due after the end.
    const wait = (): void => {
      const restMs = atMs - performance.now();
      if (restMs <= 0) end();
      else timer = setTimeout(wait, Math.ceil(restMs));
    };
    signal?.addEventListener('abort', end);
    wait();
  });
}

async function drain(source: LoadSource, drainMs: number): Promise<void> {
  const untilMs = performance.now() + drainMs;
  while (performance.now() < untilMs && source.inFlight > 0) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

function resultOf(
  spec: LoadSpec,
  recorder: LoadRecorder,
  measuredFrom: string,
  driver: DriverUse,
  aborted: boolean,
): LoadResult {
  const seconds = (recorder.untilMs - recorder.fromMs) / 1000;
  const perSecond = (count: number): number => (seconds > 0 ? count / seconds : 0);
  const operations = recorder.operations();
  const { service, response } = recorder.merged();
  const { intended, sent, late, dropped, reconnects, readsInWindow, writesInWindow } = recorder;
  const result: LoadResult = {
    spec,
    measuredFrom,
    okPerSecond: perSecond(readsInWindow + writesInWindow),
    readsPerSecond: perSecond(readsInWindow),
    writesPerSecond: perSecond(writesInWindow),
    operations,
    totals: {
      ok: sum(operations.map(({ ok }) => ok)),
      errors: sum(operations.flatMap(({ errors }) => Object.values(errors))),
      unknown: sum(operations.map(({ unknown }) => unknown)),
      writesOk: sum(operations.map(({ operation, ok }) => (isWrite[operation] ? ok : 0))),
      writesOkWithWarmup: recorder.writesOkEver,
    },
    response: response.percentiles(),
    service: service.percentiles(),
    timeline: recorder.timeline.toTimeline(recorder.untilMs),
    sends: { intended, sent, late, dropped, lateness: recorder.lateness.percentiles() },
    reconnects,
    driver,
    voidReasons: [],
  };
  result.voidReasons = voidReasons(result, aborted);
  return result;
}

/** Why a result does not count, one sentence each. */
export function voidReasons(result: LoadResult, aborted: boolean): string[] {
  return [...saturation(result.driver), ...(aborted ? [ENDED_EARLY] : []), ...unlikeTheSpec(result)];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
