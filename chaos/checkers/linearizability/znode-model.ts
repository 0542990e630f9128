import type { SequentialModel } from './search.ts';

/** One znode as its writers and readers know it. */
export interface ZnodeState {
  readonly value: string | null;
  /** -1: it does not exist. */
  readonly version: number;
}

/** What one request does to one znode, and what its answer said. Only a multi takes several steps. */
export type ZnodeOp = readonly ZnodeStep[];

export type ZnodeStep =
  | { readonly f: 'create'; readonly value: string | null }
  | {
      readonly f: 'setData';
      readonly value: string | null;
      readonly expected: number;
      /** As the answer has it; undefined when it is not known. */
      readonly version?: number | undefined;
    }
  | { readonly f: 'delete'; readonly expected: number }
  /** The znode exists, in this version. */
  | { readonly f: 'check'; readonly expected: number }
  /** A read that found it, and a refusal because it exists. What the answer does not say is undefined. */
  | { readonly f: 'found'; readonly value?: string | null | undefined; readonly version?: number | undefined }
  /** A read that found nothing, and a refusal because of that. */
  | { readonly f: 'missed' }
  /** A refusal because of the version. */
  | { readonly f: 'otherVersion'; readonly expected: number };

export const ANY_VERSION = -1;
export const ABSENT: ZnodeState = { value: null, version: -1 };

const PURE: ReadonlySet<ZnodeStep['f']> = new Set(['check', 'found', 'missed', 'otherVersion']);

export const znodeModel: SequentialModel<ZnodeState, ZnodeOp> = {
  step(state, op) {
    let now: ZnodeState | undefined = state;
    for (const step of op) {
      now = after(now, step);
      if (now === undefined) return undefined;
    }
    return now;
  },
  keyOf: ({ value, version }) => `${version} ${value}`,
  isPure: op => op.every(({ f }) => PURE.has(f)),
  kindOf: op => JSON.stringify(op),
};

/** For operations of which none deletes the znode: it stays, and its version only grows. */
const growingModel: SequentialModel<ZnodeState, ZnodeOp> = {
  ...znodeModel,
  isLost: ({ version }, op) => version >= 0 && op.some(step => lastVersionOf(step) < version),
};

/** The model for these operations alone, whose search ends sooner where none deletes the znode. */
export function znodeModelOf(all: readonly { readonly op: ZnodeOp }[]): SequentialModel<ZnodeState, ZnodeOp> {
  return all.some(({ op }) => op.some(({ f }) => f === 'delete')) ? znodeModel : growingModel;
}

/** The last version of an existing znode in which the step is answered so; -1 for none. */
function lastVersionOf(step: ZnodeStep): number {
  switch (step.f) {
    case 'create':
    case 'missed':
      return -1;
    case 'setData': {
      const expected = step.expected === ANY_VERSION ? Number.POSITIVE_INFINITY : step.expected;
      return Math.min(expected, (step.version ?? Number.POSITIVE_INFINITY) - 1);
    }
    case 'delete':
    case 'check':
      return step.expected === ANY_VERSION ? Number.POSITIVE_INFINITY : step.expected;
    case 'found':
      return step.version ?? Number.POSITIVE_INFINITY;
    case 'otherVersion':
      return Number.POSITIVE_INFINITY;
  }
}

function after(state: ZnodeState, step: ZnodeStep): ZnodeState | undefined {
  const exists = state.version >= 0;
  const matches = 'expected' in step && (step.expected === ANY_VERSION || step.expected === state.version);
  switch (step.f) {
    case 'create':
      return exists ? undefined : { value: step.value, version: 0 };
    case 'setData': {
      const version = state.version + 1;
      if (!exists || !matches || (step.version ?? version) !== version) return undefined;
      return { value: step.value, version };
    }
    case 'delete':
      return exists && matches ? ABSENT : undefined;
    case 'check':
      return exists && matches ? state : undefined;
    case 'found': {
      const { value = state.value, version = state.version } = step;
      return exists && value === state.value && version === state.version ? state : undefined;
    }
    case 'missed':
      return exists ? undefined : state;
    case 'otherVersion':
      return exists && !matches ? state : undefined;
  }
}
