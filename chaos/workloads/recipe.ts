/**
 * Recipes of clients, such as locks: programs of requests and waits. A recipe is a generator, because
 * promises would leave the order of steps to the engine, and a simulation must be the same each time.
 */
import type { Clock } from '../../server/runtime/runtime.ts';
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { Answer, Request } from './clients/recording-client.ts';
import type { RecipeClient } from './workload.ts';

/** What a recipe waits for: answers to requests that leave together, a time, or the event of a watch. */
export type Step =
  | { readonly requests: readonly Request[] }
  | { readonly pauseMs: number }
  | { readonly eventOf: string; readonly atMostMs: number };

export type Recipe<Result = void> = Generator<Step, Result, readonly Answer[]>;

/** The answer to one request. */
export function* ask(request: Request): Recipe<Answer> {
  const [answer] = yield { requests: [request] };
  if (answer === undefined) throw new Error(`${request.f} was not answered`);
  return answer;
}

/** The answers to requests that leave together, in their order. */
export function* askAll(requests: readonly Request[]): Recipe<readonly Answer[]> {
  return yield { requests };
}

export function* pause(pauseMs: number): Recipe {
  yield { pauseMs };
}

export interface RecipeLoadOptions {
  readonly client: RecipeClient;
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** Begins anew each time, with a number of its own. */
  readonly recipe: (turn: number) => Recipe;
  /** Pause between two turns: shortest and longest. */
  readonly thinkMs: readonly [low: number, high: number];
}

const NOT_READY_MS = 20;

/**
 * Keeps one client busy with its recipe. A turn ends early when the client has lost its connection at the
 * moment of a request; the next turn may find its session gone on or a new one.
 */
export class RecipeLoad {
  readonly #options: RecipeLoadOptions;
  #turns = 0;
  #stopped = false;
  /** Events that came before the turn waited for them. One of an earlier watch only wakes it too early. */
  readonly #events = new Set<string>();
  #wake: (() => void) | undefined;

  constructor(options: RecipeLoadOptions) {
    this.#options = options;
    options.client.listen(path => {
      this.#events.add(path);
      this.#wake?.();
    });
    this.#think();
  }

  stop(): void {
    this.#stopped = true;
  }

  #think(): void {
    const { clock, random, thinkMs } = this.#options;
    clock.after(Math.max(0.1, random.between(...thinkMs)), () => this.#begin());
  }

  #begin(): void {
    if (this.#stopped) return;
    const { client, clock, recipe } = this.#options;
    if (!client.ready) clock.after(NOT_READY_MS, () => this.#begin());
    else {
      this.#events.clear();
      this.#go(recipe(this.#turns++), []);
    }
  }

  #go(turn: Recipe, answers: readonly Answer[]): void {
    if (this.#stopped) return;
    const { done, value: step } = turn.next(answers);
    if (done === true) this.#think();
    else if ('requests' in step) this.#send(turn, step.requests);
    else if ('pauseMs' in step)
      this.#options.clock.after(Math.max(0.1, step.pauseMs), () => this.#go(turn, []));
    else this.#await(turn, step.eventOf, step.atMostMs);
  }

  #send(turn: Recipe, requests: readonly Request[]): void {
    const { client } = this.#options;
    if (!client.ready) {
      this.#think();
      return;
    }
    const answers: Answer[] = [];
    let left = requests.length;
    for (const [at, request] of requests.entries())
      client.send(request, answer => {
        answers[at] = answer;
        // In a turn of its own, because a client may be in the middle of losing its connection.
        if (--left === 0) this.#options.clock.after(0.1, () => this.#go(turn, answers));
      });
    if (left === 0) this.#think();
  }

  #await(turn: Recipe, path: string, atMostMs: number): void {
    const { clock } = this.#options;
    const goOn = () => {
      timer.cancel();
      this.#wake = undefined;
      this.#go(turn, []);
    };
    const timer = clock.after(atMostMs, goOn);
    // In a turn of its own, because an event comes from the middle of a packet.
    this.#wake = () => {
      if (!this.#events.delete(path)) return;
      this.#wake = undefined;
      timer.cancel();
      clock.after(0.1, () => this.#go(turn, []));
    };
    this.#wake();
  }
}
