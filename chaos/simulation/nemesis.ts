import { beginFault, describeFault, type Fault, type PlannedFault } from './faults/index.ts';
import type { FaultStage } from './faults/simulated-fault.ts';
import type { World } from './world.ts';

/** Injects the planned faults into a world at their times, and ends each after its duration. */
export class Nemesis {
  readonly #world: World;
  readonly #stage: FaultStage;
  #stopped = false;
  readonly #faults = { active: 0, begun: 0 };

  constructor(world: World) {
    this.#world = world;
    this.#stage = { world, faults: this.#faults, after: (delayMs, run) => this.#after(delayMs, run) };
  }

  get injected(): number {
    return this.#faults.begun;
  }

  schedule(plan: readonly PlannedFault[]): void {
    for (const { atMs, durationMs, fault } of plan) this.#after(atMs, () => this.#inject(fault, durationMs));
  }

  /** Stops ending the active faults one by one: the caller heals the whole world instead. */
  stop(): void {
    this.#stopped = true;
  }

  #inject(fault: Fault, durationMs: number): void {
    this.#world.note('nemesis', `${describeFault(fault)} for ${durationMs.toFixed(0)} ms`);
    const end = beginFault(this.#stage, fault);
    if (end === undefined) return;
    this.#faults.begun++;
    this.#faults.active++;
    this.#after(durationMs, () => {
      this.#faults.active--;
      end();
    });
  }

  #after(delayMs: number, run: () => void): void {
    const { time } = this.#world;
    time.schedule(time.nowMs + delayMs, null, () => {
      if (!this.#stopped) run();
    });
  }
}
