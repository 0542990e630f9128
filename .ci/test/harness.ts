import { inspect } from 'node:util';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { reasonOf } from './failure-reason.ts';
import { Skip } from './peers.ts';
import { reportAtExit, Tally } from './tally.ts';

export { onPath, requirePeer } from './peers.ts';
export { temporaryFolder } from './temporary-folder.ts';
export { until } from './until.ts';
export { assert };

/** A limit against hangs. What takes a second alone may take a minute on a busy machine. */
const TEST_DEADLINE_MS = 60_000;
const HOOK_DEADLINE_MS = 120_000;
/** How long handles may stay open after the last test before they count as leaked. */
const OPEN_HANDLES_GRACE_MS = 10_000;

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
  readonly name: string;
  readonly inner: ReturnType<typeof uvuSuite>;
  declared: number;
  beforeFailed: boolean;
  readonly beforeEach: TestBody[];
  readonly afterEach: TestBody[];
}

const tally = new Tally();
const suites: SuiteState[] = [];
let started = false;
let unfinished = 0;

reportAtExit(tally);
setImmediate(runSuites);

/**
 * A uvu suite that runs by itself, so that nobody can forget to run it. Its tests have deadlines, and its
 * hooks count.
 */
export function suite(name: string): Suite {
  refuseWhenStarted(`suite "${name}"`);
  const state: SuiteState = {
    name,
    inner: uvuSuite(name),
    declared: 0,
    beforeFailed: false,
    beforeEach: [],
    afterEach: [],
  };
  suites.push(state);
  const declare = (title: string, body: TestBody, options: { readonly deadlineMs?: number } = {}) => {
    refuseWhenStarted(`"${title}"`);
    tally.declared++;
    state.declared++;
    state.inner(title, () => runTest(state, title, body, options.deadlineMs ?? TEST_DEADLINE_MS));
  };
  return Object.assign(declare, {
    before: (hook: TestBody) =>
      state.inner.before(async () => {
        state.beforeFailed = !(await runHook(state, 'before hook', hook)) || state.beforeFailed;
      }),
    after: (hook: TestBody) =>
      state.inner.after(async () => {
        await runHook(state, 'after hook', hook);
      }),
    beforeEach: (hook: TestBody) => void state.beforeEach.push(hook),
    afterEach: (hook: TestBody) => void state.afterEach.push(hook),
  });
}

/** uvu reads its queue once, so a test declared later, behind a top-level await, would never run. */
function refuseWhenStarted(what: string): void {
  if (started) throw new Error(`${what} is declared after the tests started: declare it before any await`);
}

/** Runs all suites in one turn, because uvu's queue runs tests twice when it is started twice. */
function runSuites(): void {
  started = true;
  unfinished = suites.length;
  for (const state of suites) {
    if (state.declared === 0) fail(state, 'no test is declared in this suite');
    state.inner.after(() => {
      unfinished--;
      if (unfinished === 0) watchOpenHandles();
    });
    state.inner.run();
  }
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
  if (outcome === undefined) tally.passed++;
  else if (outcome instanceof Skip) skip(state, title, outcome.message);
  else {
    tally.failed.push({ title: `${state.name}: ${title}`, reason: reasonOf(outcome) });
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
  tally.failed.push({ title: `${state.name}: ${what.split('\n', 1)[0]}`, reason });
  process.stderr.write(`\n  FAIL  ${state.name}: ${what}\n`);
}

function skip(state: SuiteState, title: string, reason: string): void {
  tally.skipped.push({ title: `${state.name}: ${title}`, reason });
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

/** A socket, timer or child left open would keep the process alive forever. They are reported, then ended. */
function watchOpenHandles(): void {
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().filter(name => !/^(TTY|Pipe)Wrap$/.test(name));
    tally.failed.push({ title: `still open after the last test: ${open.join(', ')}`, reason: '' });
    process.stderr.write(
      `\n  FAIL  still open ${OPEN_HANDLES_GRACE_MS} ms after the last test: ${open.join(', ')}\n`,
    );
    process.exit(1);
  }, OPEN_HANDLES_GRACE_MS).unref();
}
