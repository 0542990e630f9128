/**
 * The lock recipe: a sequential ephemeral znode per request, each request watches the one before it, and the
 * lowest number owns the lock. Its service time is from the create to ownership; the release is not in it.
 *
 * The predecessor is watched by getData: exists would leave a watch behind when the predecessor has gone.
 */
import { OPEN_ACL_UNSAFE } from '../../../server/wire/acl.ts';
import { ErrorCode } from '../../../server/wire/error-codes.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import {
  writeCreateRequest,
  writePathVersionRequest,
  writePathWatchRequest,
} from '../../../server/wire/requests.ts';
import type { Compound, Recipe, RecipeHost } from './recipe.ts';

const EPHEMERAL_SEQUENTIAL = 3;
/** The server appends so many digits. */
const SEQUENCE_DIGITS = 10;

export interface LockOptions {
  /** The parents of the locks. */
  readonly paths: readonly string[];
  /** How long an owner keeps its lock. */
  readonly holdMs: number;
  readonly random: () => number;
}

export class LockRecipe implements Recipe {
  readonly #host: RecipeHost;
  readonly #options: LockOptions;
  readonly #attempts = new Set<Compound>();

  constructor(host: RecipeHost, options: LockOptions) {
    this.#host = host;
    this.#options = options;
  }

  start(compound: Compound): void {
    for (const attempt of this.#attempts) if (attempt.isOver) this.#attempts.delete(attempt);
    this.#attempts.add(compound);
    const { paths, random } = this.#options;
    const lock = paths[Math.floor(random() * paths.length)]!;
    this.#host.request(
      OpCode.create,
      body =>
        writeCreateRequest(body, {
          path: `${lock}/lock-`,
          data: null,
          acl: OPEN_ACL_UNSAFE,
          flags: EPHEMERAL_SEQUENTIAL,
        }),
      ({ err, reader, receivedAtMs }) => {
        if (err !== 0) compound.done(err, receivedAtMs);
        else this.#takeTurn(compound, lock, reader.readString() ?? '');
      },
      () => compound.lost(),
    );
  }

  /** If the session were renewed, its ephemerals would go on holding locks that nobody waits for any more. */
  onDisconnected(): boolean {
    const waiting = [...this.#attempts].filter(({ isOver }) => !isOver);
    for (const compound of waiting) compound.lost();
    this.#attempts.clear();
    return waiting.length > 0;
  }

  /** Owns the lock if nobody is before this request; else waits for the one before. */
  #takeTurn(compound: Compound, lock: string, own: string): void {
    if (compound.isOver) return;
    this.#host.request(
      OpCode.getChildren,
      body => writePathWatchRequest(body, { path: lock, watch: false }),
      ({ err, reader, receivedAtMs }) => {
        if (err !== 0) {
          compound.done(err, receivedAtMs);
          return;
        }
        const names = reader.readVector(r => r.readString() ?? '') ?? [];
        const turn = turnOf(own.slice(lock.length + 1), names);
        if (turn === 'gone') compound.done(ErrorCode.NONODE, receivedAtMs);
        else if (turn === 'mine') this.#hold(compound, own, receivedAtMs);
        else this.#await(compound, lock, own, `${lock}/${turn.before}`);
      },
      () => compound.lost(),
    );
  }

  #await(compound: Compound, lock: string, own: string, predecessor: string): void {
    let isWoken = false;
    const wake = (): void => {
      if (isWoken) return;
      isWoken = true;
      this.#takeTurn(compound, lock, own);
    };
    this.#host.onceChanged(predecessor, wake);
    this.#host.request(
      OpCode.getData,
      body => writePathWatchRequest(body, { path: predecessor, watch: true }),
      ({ err, receivedAtMs }) => {
        if (err === 0) return;
        this.#host.forgetChange(predecessor, wake);
        if (err === ErrorCode.NONODE) wake();
        else compound.done(err, receivedAtMs);
      },
      () => compound.lost(),
    );
  }

  #hold(compound: Compound, own: string, ownedAtMs: number): void {
    const release = (): void => {
      if (compound.isOver) return;
      this.#host.request(
        OpCode.delete,
        body => writePathVersionRequest(body, { path: own, version: -1 }),
        ({ err }) => compound.done(err, ownedAtMs),
        () => compound.lost(),
      );
    };
    if (this.#options.holdMs === 0) release();
    else setTimeout(release, this.#options.holdMs);
  }
}

/**
 * Finds out whose turn it is, by the numbers at the ends of the names; `gone` if the own name is not among
 * them.
 */
export function turnOf(own: string, names: readonly string[]): 'mine' | 'gone' | { readonly before: string } {
  const sequence = (name: string) => Number(name.slice(-SEQUENCE_DIGITS));
  const mine = sequence(own);
  let isThere = false;
  let before: string | undefined;
  for (const name of names) {
    if (name === own) isThere = true;
    else if (sequence(name) < mine && (before === undefined || sequence(name) > sequence(before)))
      before = name;
  }
  if (!isThere) return 'gone';
  return before === undefined ? 'mine' : { before };
}
