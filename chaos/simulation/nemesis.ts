import type { Crash } from '../../server/runtime/memory-runtime.ts';
import { ambush, majorityLoss, oversleep, rolling, type Stage } from './conspiracies.ts';
import { describeFault, type Fault, type FaultOf, type PlannedFault, type Target } from './fault.ts';
import type { World } from './world.ts';

type FaultOnMember = FaultOf<
  'crash' | 'crash-loop' | 'sick-disk' | 'wipe' | 'pause' | 'slow-link' | 'slow-disk' | 'clock-jump'
>;

/** Sync time of a disk whose slowness is over. */
const CALM_SYNC_MS = 0.5;
const CALM_LATENCY_MS = 1;

/** Injects the planned faults into a world at their times, and ends each after its duration. */
export class Nemesis {
  readonly #world: World;
  readonly #stage: Stage;
  #stopped = false;
  injected = 0;

  constructor(world: World) {
    this.#world = world;
    this.#stage = { world, after: (delayMs, run) => this.#after(delayMs, run) };
  }

  schedule(plan: readonly PlannedFault[]): void {
    const { time } = this.#world;
    for (const { atMs, durationMs, fault } of plan) {
      time.schedule(time.nowMs + atMs, null, () => {
        if (!this.#stopped) this.#inject(fault, durationMs);
      });
    }
  }

  /** Faults under way are no longer ended one by one: whoever stops the nemesis heals the world. */
  stop(): void {
    this.#stopped = true;
  }

  #inject(fault: Fault, durationMs: number): void {
    const world = this.#world;
    world.note('nemesis', `${describeFault(fault)} for ${durationMs.toFixed(0)} ms`);
    const end = this.#begin(fault);
    if (end === undefined) return;
    this.injected++;
    world.time.schedule(world.time.nowMs + durationMs, null, () => {
      if (!this.#stopped) end();
    });
  }

  /** Returns what ends the fault, or undefined when there was nothing to break. */
  #begin(fault: Fault): (() => void) | undefined {
    switch (fault.kind) {
      case 'outage':
        return this.#outage(fault.staggerMs ?? 0);
      case 'leader-hunt':
        return this.#hunt(fault.how, fault.everyMs);
      case 'partition':
        return this.#partition(this.#resolveAll(fault.side), fault.how);
      case 'one-way':
        return this.#oneWay(this.#resolve(fault.from), this.#resolve(fault.to), fault.how);
      case 'half-open':
        return this.#halfOpen(this.#resolve(fault.from), this.#resolve(fault.to));
      case 'majority-loss':
        return majorityLoss(this.#stage, fault);
      case 'oversleep':
        return oversleep(this.#stage, fault);
      case 'ambush':
        return ambush(this.#stage, fault);
      case 'rolling':
        return rolling(this.#stage, fault);
      default:
        return this.#beginOnMember(fault, this.#resolve(fault.target));
    }
  }

  #beginOnMember(fault: FaultOnMember, sid: number | undefined): (() => void) | undefined {
    const world = this.#world;
    if (sid === undefined || !world.isUp(sid)) return undefined;
    switch (fault.kind) {
      case 'crash':
        world.crash(sid, fault.how);
        return () => world.start(sid);
      case 'crash-loop':
        world.crashLoop(sid, fault.how, fault.operations);
        return () => world.endCrashLoop(sid);
      case 'sick-disk':
        world.sickenDisk(sid, fault.how, fault.afterOperations);
        return () => world.cureDisk(sid);
      case 'wipe':
        if (world.isVoter(sid)) return undefined;
        world.wipe(sid);
        return () => world.start(sid);
      case 'pause':
        world.pause(sid);
        return () => world.resume(sid);
      case 'slow-link':
        this.#slowLinks(sid, fault.latencyMs);
        return () => this.#slowLinks(sid, CALM_LATENCY_MS);
      case 'slow-disk':
        world.setSyncDelay(sid, fault.syncDelayMs);
        return () => world.setSyncDelay(sid, CALM_SYNC_MS);
      case 'clock-jump':
        world.jumpWall(sid, fault.byMs);
        return () => {};
    }
  }

  #outage(staggerMs: number): () => void {
    const { sids } = this.#world;
    for (const sid of sids) this.#world.crash(sid, 'power');
    const order = staggerMs < 0 ? sids.toReversed() : sids;
    return () => {
      for (const [at, sid] of order.entries())
        this.#after(at * Math.abs(staggerMs), () => this.#world.start(sid));
    };
  }

  #hunt(how: Crash, everyMs: number): () => void {
    let over = false;
    const strike = () => {
      if (over) return;
      const leader = this.#world.leader();
      if (leader !== undefined) {
        this.#world.crash(leader, how);
        this.#after(everyMs * 2, () => this.#world.start(leader));
      }
      this.#after(everyMs, strike);
    };
    strike();
    return () => {
      over = true;
    };
  }

  #after(delayMs: number, run: () => void): void {
    const { time } = this.#world;
    time.schedule(time.nowMs + delayMs, null, () => {
      if (!this.#stopped) run();
    });
  }

  #partition(side: readonly number[], how: 'refuse' | 'blackhole'): (() => void) | undefined {
    const world = this.#world;
    const rest = world.sids.filter(sid => !side.includes(sid));
    if (side.length === 0 || rest.length === 0) return undefined;
    const links = side.flatMap(a => rest.flatMap(b => [[a, b] as const, [b, a] as const]));
    for (const [from, to] of links) world.cut(from, to, how);
    return () => {
      for (const [from, to] of links) world.heal(from, to);
    };
  }

  #oneWay(
    from: number | undefined,
    to: number | undefined,
    how: 'refuse' | 'blackhole',
  ): (() => void) | undefined {
    if (from === undefined || to === undefined || from === to) return undefined;
    this.#world.cut(from, to, how);
    return () => this.#world.heal(from, to);
  }

  #halfOpen(from: number | undefined, to: number | undefined): (() => void) | undefined {
    if (from === undefined || to === undefined || from === to) return undefined;
    this.#world.swallow(from, to);
    return () => this.#world.giveUpSwallowed(from, to);
  }

  #slowLinks(sid: number, latencyMs: number): void {
    const world = this.#world;
    for (const other of world.sids) {
      if (other === sid) continue;
      world.setLink(sid, other, { latencyMs });
      world.setLink(other, sid, { latencyMs });
    }
  }

  #resolve(target: Target): number | undefined {
    return target === 'leader' ? this.#world.leader() : target;
  }

  #resolveAll(targets: readonly Target[]): number[] {
    return targets.map(target => this.#resolve(target)).filter(sid => sid !== undefined);
  }
}
