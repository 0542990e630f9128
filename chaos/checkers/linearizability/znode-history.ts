/**
 * Divides a history into what was done to each znode, as intervals for the search. The moments are positions
 * in the history.
 */
import { epochOf } from '../../../server/wire/zxid.ts';
import { type ApacheLeaders, isEarlySync } from '../early-syncs.ts';
import {
  type HistoryEvent,
  isEphemeral,
  isWrite,
  type MultiPart,
  type Operation,
  operationsOf,
  outcomeOf,
} from '../history.ts';
import type { Interval } from './search.ts';
import { ANY_VERSION, type ZnodeOp, type ZnodeStep } from './znode-model.ts';

/** What one operation of the history did to one znode. */
export interface ZnodeInterval extends Interval<ZnodeOp> {
  readonly operation: Operation;
  /** What is known of it when its answer is not. */
  readonly unanswered: ZnodeOp;
}

/**
 * The znodes of which the history tells everything: those that clients create in it, never as ephemeral,
 * which servers delete by themselves, and never with a number, which nobody knows when the answer is lost.
 */
export function znodeHistories(
  history: readonly HistoryEvent[],
  apacheLeaders: ApacheLeaders = {},
): Map<string, ZnodeInterval[]> {
  const operations = operationsOf(history);
  const { created, excluded } = namesOf(operations);
  const anchors = anchorsOf(operations, history, apacheLeaders);
  const byPath = new Map<string, ZnodeInterval[]>();
  /** By session and path: its newest write, which its reads come behind even where others overlap it. */
  const ownWrites = new Map<string, number>();
  for (const operation of operations) {
    const from = isWrite(operation.invoke.f) ? operation.invoke.index : anchors.get(operation);
    if (from === undefined) continue;
    const to = outcomeOf(operation) === 'info' ? undefined : operation.completion?.index;
    for (const [path, { steps, unanswered }] of stepsOf(operation)) {
      if (!created.has(path) || excluded(path)) continue;
      const intervals = byPath.get(path) ?? [];
      byPath.set(path, intervals);
      const { f, session, operation: id } = operation.invoke;
      const own = `${session} ${path}`;
      const behind = isWrite(f) ? undefined : ownWrites.get(own);
      intervals.push({ op: steps, unanswered, from, to, operation, id, behind });
      if (isWrite(f) && outcomeOf(operation) === 'ok') ownWrites.set(own, id);
    }
  }
  for (const [path, intervals] of byPath) byPath.set(path, withoutUnreadValues(intervals));
  return byPath;
}

interface Created {
  readonly created: ReadonlySet<string>;
  readonly excluded: (path: string) => boolean;
}

const SEQUENCE_DIGITS = /\d{10}$/;

function namesOf(operations: readonly Operation[]): Created {
  const created = new Set<string>();
  const ephemeral = new Set<string>();
  const numbered = new Set<string>();
  for (const { invoke } of operations) {
    const creates: readonly Pick<MultiPart, 'path' | 'flags'>[] =
      invoke.f === 'create' ? [invoke] : (invoke.parts ?? []).filter(({ f }) => f === 'create');
    for (const { path, flags = 0 } of creates) {
      if (flags >= 2) numbered.add(path);
      else if (isEphemeral(flags)) ephemeral.add(path);
      else created.add(path);
    }
  }
  return {
    created,
    excluded: path => ephemeral.has(path) || numbered.has(path.replace(SEQUENCE_DIGITS, '')),
  };
}

/**
 * From where on a read may show what it shows. Only reads behind a sync, or behind a write, of their session
 * are bound to anything in real time: they show at least that, whichever server answers. A sync asks the
 * leader but no quorum, so one of an epoch that had ended counts for nothing (`sync-freshness.ts`). Neither
 * does one that an Apache leader answered a client of its own (`early-syncs.ts`).
 */
function anchorsOf(
  operations: readonly Operation[],
  history: readonly HistoryEvent[],
  apacheLeaders: ApacheLeaders,
): ReadonlyMap<Operation, number> {
  const epochs = newestEpochs(history);
  const anchors = new Map<Operation, number>();
  const lastOf = new Map<string, { readonly from: number; readonly epoch: number }>();
  for (const operation of operations) {
    const { invoke, completion } = operation;
    if (completion === undefined || completion.unagreed === true) continue;
    if (isEarlySync(completion, apacheLeaders)) continue;
    const { f, session, index } = invoke;
    const { type, zxid = 0 } = completion;
    if (type === 'ok' && (isWrite(f) || f === 'sync')) {
      // What a write has seen committed no other epoch can have overtaken.
      lastOf.set(session, { from: index, epoch: f === 'sync' ? (epochs[index] ?? 0) : 0 });
      continue;
    }
    const anchor = lastOf.get(session);
    if (type === 'ok' && anchor !== undefined && epochOf(zxid) >= anchor.epoch)
      anchors.set(operation, anchor.from);
  }
  return anchors;
}

/** By the index of each event: the newest epoch that any answer until then named. */
function newestEpochs(history: readonly HistoryEvent[]): number[] {
  const epochs: number[] = [];
  let newest = 0;
  for (const { index, zxid = 0 } of history) {
    newest = Math.max(newest, epochOf(zxid));
    epochs[index] = newest;
  }
  return epochs;
}

interface Steps {
  readonly steps: ZnodeStep[];
  readonly unanswered: ZnodeStep[];
}

function stepsOf(operation: Operation): Map<string, Steps> {
  const { invoke, completion } = operation;
  const byPath = new Map<string, Steps>();
  const add = (path: string, step: ZnodeStep, unanswered: ZnodeStep = step) => {
    const known = byPath.get(path) ?? { steps: [], unanswered: [] };
    byPath.set(path, known);
    known.steps.push(step);
    known.unanswered.push(unanswered);
  };
  const outcome = outcomeOf(operation);
  if (outcome === 'fail') {
    const step = refusal(invoke, completion?.error ?? '');
    if (step !== undefined) add(invoke.path, step);
  } else if (invoke.f === 'multi') {
    for (const part of invoke.parts ?? []) add(part.path, asked(part));
  } else if (isWrite(invoke.f)) {
    const step = asked(invoke);
    const version = outcome === 'ok' ? completion?.version : undefined;
    add(invoke.path, step.f === 'setData' ? { ...step, version } : step, step);
  } else if (outcome === 'ok' && READS.has(invoke.f)) add(invoke.path, seen(invoke.f, completion));
  return byPath;
}

const READS: ReadonlySet<string> = new Set(['getData', 'exists', 'getChildren']);

function asked({
  f,
  value = null,
  version = ANY_VERSION,
}: Pick<HistoryEvent, 'f' | 'value' | 'version'> | MultiPart): ZnodeStep {
  switch (f) {
    case 'create':
      return { f, value };
    case 'setData':
      return { f, value, expected: version };
    case 'delete':
      return { f, expected: version };
    default:
      return { f: 'check', expected: version };
  }
}

/** What a refusal says of the znode itself; of others than these it says nothing. */
function refusal({ f, version = ANY_VERSION }: HistoryEvent, error: string): ZnodeStep | undefined {
  if (f === 'create') return error === 'NODEEXISTS' ? { f: 'found' } : undefined;
  if (f !== 'setData' && f !== 'delete') return undefined;
  if (error === 'NONODE') return { f: 'missed' };
  return error === 'BADVERSION' ? { f: 'otherVersion', expected: version } : undefined;
}

function seen(f: HistoryEvent['f'], completion: HistoryEvent | undefined): ZnodeStep {
  const { value, version } = completion ?? {};
  if (value === null && version === undefined) return { f: 'missed' };
  return { f: 'found', version, value: f === 'getData' ? value : undefined };
}

/** Stands for every value of a znode that no read of it shows, so that they need not be told apart. */
const UNREAD = '\u0000unread';

function withoutUnreadValues(intervals: readonly ZnodeInterval[]): ZnodeInterval[] {
  const read = new Set(
    intervals.flatMap(({ op }) => op.map(step => (step.f === 'found' ? step.value : undefined))),
  );
  const plain = (op: ZnodeOp) =>
    op.map(step =>
      step.f !== 'found' && 'value' in step && !read.has(step.value) ? { ...step, value: UNREAD } : step,
    );
  return intervals.map(each => ({ ...each, op: plain(each.op), unanswered: plain(each.unanswered) }));
}
