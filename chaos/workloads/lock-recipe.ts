/**
 * The recipe of locks and elections: whoever has the lowest number holds, and each waits for the one
 * before.
 */
import { LOCKS, turnOf } from '../checkers/mutual-exclusion.ts';
import { ask, pause, type Recipe } from './recipe.ts';
import type { Actor } from './start-recipes.ts';

const EPHEMERAL_SEQUENTIAL = 3;
const WAIT_MAX_MS = 3_000;
const LOOKS_MAX = 20;

/** Znodes of a lock that exist before any fault. */
export function lockSetup(lock: string): string[] {
  return [LOCKS, `${LOCKS}/${lock}`, guardedBy(lock)];
}

export interface HeldLock {
  /** Path of the znode that holds it. */
  readonly holder: string;
  /** Writes what the lock guards, only while its znode is there. False when it is not, or nobody knows. */
  write(value: string): Recipe<boolean>;
}

/** @param holding what is done while the lock is held; it is released behind that */
export function* underLock(
  lock: string,
  { process }: Pick<Actor, 'process'>,
  holding: (held: HeldLock) => Recipe,
): Recipe {
  const root = `${LOCKS}/${lock}`;
  const mine = `p${process}-`;
  // Of a create or a session whose end is not known. Its znode would hold everybody up.
  const before = yield* ask({ f: 'getChildren', path: root });
  for (const name of before.completion.children ?? [])
    if (name.startsWith(mine)) yield* ask({ f: 'delete', path: `${root}/${name}` });
  const { completion } = yield* ask({
    f: 'create',
    path: `${root}/${mine}`,
    value: '',
    flags: EPHEMERAL_SEQUENTIAL,
  });
  const holder = completion.created;
  if (holder === undefined) return;
  if (yield* isOurTurn(root, holder))
    yield* holding({ holder, write: value => guardedWrite(lock, holder, value) });
  yield* ask({ f: 'delete', path: holder });
}

/** The znode that the lock guards. */
function guardedBy(lock: string): string {
  return `${LOCKS}-${lock}-guarded`;
}

function* isOurTurn(root: string, holder: string): Recipe<boolean> {
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const { completion } = yield* ask({ f: 'getChildren', path: root });
    const paths = (completion.children ?? []).map(name => `${root}/${name}`);
    if (!paths.includes(holder)) return false;
    const earlier = paths.filter(path => turnOf(path) < turnOf(holder)).sort((a, b) => turnOf(b) - turnOf(a));
    const [predecessor] = earlier;
    if (predecessor === undefined) return true;
    const seen = yield* ask({ f: 'exists', path: predecessor, watch: true });
    if (seen.type !== 'ok') return false;
    if (seen.completion.version !== undefined) yield { eventOf: predecessor, atMostMs: WAIT_MAX_MS };
  }
  return false;
}

/** Writes what the lock guards, in one transaction with the check that its holder is there. */
export function* guardedWrite(lock: string, holder: string, value: string): Recipe<boolean> {
  const parts = [
    { f: 'check' as const, path: holder },
    { f: 'setData' as const, path: guardedBy(lock), value },
  ];
  const { type } = yield* ask({ f: 'multi', path: `${LOCKS}/${lock}`, parts });
  return type === 'ok';
}

/** Writes that often, with a pause before each. */
export function* holdAndWrite(held: HeldLock, writes: number, pauseMs: number): Recipe {
  for (let at = 0; at < writes; at++) {
    yield* pause(pauseMs);
    if (!(yield* held.write(`${held.holder} ${at}`))) return;
  }
}
