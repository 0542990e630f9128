import { inspect } from 'node:util';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { reasonOf } from './failure-reason.ts';
import { type FileRun, fileInProgress } from './file-run.ts';
import { Skip } from './peers.ts';

export { findApacheZooKeeper } from '../../bench/hosts/apache-zookeeper.ts';
export { bundled } from './bundled.ts';
export { ourServer } from './our-server.ts';
export { onPath, requirePeer } from './peers.ts';
export { quickJava } from './quick-java.ts';
export { repetitions } from './repetitions.ts';
export { temporaryFolder } from './temporary-folder.ts';
export { until } from './until.ts';
export { assert };

/** A limit against hangs. What takes a second alone may take a minute on a busy machine. */
const TEST_DEADLINE_MS = 60_000;
const HOOK_DEADLINE_MS = 120_000;

export type TestBody = () => void | Promise<void>;

export interface Suite {
  (title: string, body: TestBody, options?: { readonly deadlineMs?: number }): void;
  /**
   * Hooks. One that throws fails the run; a test whose `before` or `beforeEach` threw fails without running.
   */
  before(hook: TestBody): void;
  after(hook: TestBody): void;
  beforeEach(hook: TestBody): void;
  afterEach(hook: TestBody): void;
}

interface SuiteState {
  readonly file: FileRun;
  readonly name: string;
  declared: number;
  beforeFailed: boolean;
  readonly beforeEach: TestBody[];
  readonly afterEach: TestBody[];
}

/**
 * A uvu suite that runs by itself, so that nobody can forget to run it. Its tests have deadlines, and its
 * hooks count.
 */
export function suite(name: string): Suite {
  const file = fileInProgress();
  refuseWhenStarted(file, `suite "${name}"`);
  const inner = uvuSuite(name);
  const state: SuiteState = { file, name, declared: 0, beforeFailed: false, beforeEach: [], afterEach: [] };
  file.suites.push(() => {
    if (state.declared === 0) fail(state, 'no test is declared in this suite');
    inner.run();
  });
  const declare = (title: string, body: TestBody, options: { readonly deadlineMs?: number } = {}) => {
    refuseWhenStarted(file, `"${title}"`);
    file.tally.declared++;
    state.declared++;
    inner(title, () => runTest(state, title, body, options.deadlineMs ?? TEST_DEADLINE_MS));
  };
  return Object.assign(declare, {
    before: (hook: TestBody) =>
      inner.before(async () => {
        state.beforeFailed = !(await runHook(state, 'before hook', hook)) || state.beforeFailed;
      }),
    after: (hook: TestBody) =>
      inner.after(async () => {
        await runHook(state, 'after hook', hook);
      }),
    beforeEach: (hook: TestBody) => void state.beforeEach.push(hook),
    afterEach: (hook: TestBody) => void state.afterEach.push(hook),
  });
}

/** uvu would never run a test that another test, or a timer, declares. */
function refuseWhenStarted(file: FileRun, what: string): void {
  if (file.started) throw new Error(`${what} is declared after the tests of ${file.name} started`);
}

async function runTest(state: SuiteState, title: string, body: TestBody, deadlineMs: number): Promise<void> {
  const outcome = await outcomeOf(async () => {
    if (state.beforeFailed) throw new Error('not run: the before hook failed');
    try {
      await withDeadline(title, deadlineMs, async () => {
        for (const hook of state.beforeEach) await hook();
        await body();
      });
    } finally {
      for (const hook of state.afterEach) await withDeadline(`afterEach of ${title}`, HOOK_DEADLINE_MS, hook);
    }
  });
  if (outcome === undefined) state.file.tally.passed++;
  else if (outcome instanceof Skip) skip(state, title, outcome.message);
  else {
    state.file.tally.failed.push({ title: `${state.name}: ${title}`, reason: reasonOf(outcome) });
    throw outcome;
  }
}

async function runHook(state: SuiteState, title: string, hook: TestBody): Promise<boolean> {
  const outcome = await outcomeOf(() => withDeadline(title, HOOK_DEADLINE_MS, hook));
  if (outcome === undefined) return true;
  fail(state, `${title}: ${outcome.stack}`, reasonOf(outcome));
  return false;
}

function fail(state: SuiteState, what: string, reason = ''): void {
  state.file.tally.failed.push({ title: `${state.name}: ${what.split('\n', 1)[0]}`, reason });
  process.stderr.write(`\n  FAIL  ${state.name}: ${what}\n`);
}

function skip(state: SuiteState, title: string, reason: string): void {
  state.file.tally.skipped.push({ title: `${state.name}: ${title}`, reason });
  process.stdout.write(`\n  skipped: ${title}: ${reason}\n`);
}

/**
 * What was thrown, always as an Error that uvu can print. Its printer throws on other values and loses the
 * rest.
 */
async function outcomeOf(run: () => Promise<void>): Promise<Error | undefined> {
  try {
    await run();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Error && isPrintable(thrown)) return thrown;
    return new Error(thrown instanceof Error ? `${thrown.message}` : `threw ${inspect(thrown)}`, {
      cause: thrown,
    });
  }
}

/**
 * uvu prints `details` as a text difference. An object there, as in a ServerError, makes its printer throw.
 */
function isPrintable(thrown: Error & { details?: unknown }): boolean {
  const { details, stack, name } = thrown;
  return (
    Boolean(stack) &&
    !name.startsWith('AssertionError') &&
    ['string', 'boolean', 'undefined'].includes(typeof details)
  );
}

async function withDeadline(what: string, deadlineMs: number, run: TestBody): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`"${what}" did not end within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}
