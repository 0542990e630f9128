import type { MemberSample } from '../checkers/run-record.ts';
import { StaleEpochs } from '../checkers/stale-epochs.ts';
import type { MemberState } from './members/member.ts';
import type { World } from './world.ts';

const SAMPLE_MS = 10;
/** Twice syncLimit, for an observer behind a follower, plus what ticks, slow links and clock drift add. */
const STALE_EPOCH_MS_MAX = 3500;
/** More than a run of some tens of virtual seconds needs. Further samples are not kept. */
const SAMPLES_MAX = 100_000;

/** Asks every serving member periodically what it has applied, and keeps each new answer. */
export class Sampler {
  readonly samples: MemberSample[] = [];
  readonly #world: World;
  readonly #stale = new StaleEpochs(STALE_EPOCH_MS_MAX);
  readonly #last = new Map<number, { zxid: number; leading: boolean }>();

  constructor(world: World) {
    this.#world = world;
    this.#sample();
  }

  #sample(): void {
    const { time, specs } = this.#world;
    for (const { sid, name } of specs) this.#ask(sid, name);
    time.schedule(time.nowMs + SAMPLE_MS, null, () => this.#sample());
  }

  #ask(sid: number, member: string): void {
    const state = this.#world.state(sid);
    this.#lookForStaleEpochs(sid, member, state);
    if (state?.serving !== true || this.samples.length >= SAMPLES_MAX) return;
    const { zxid, epoch } = state;
    const leading = state.mode === 'leader';
    const last = this.#last.get(sid);
    if (last?.zxid === zxid && last.leading === leading) return;
    const digest = state.treeDigest;
    this.#last.set(sid, { zxid, leading });
    this.samples.push({ timeMs: this.#world.time.nowMs, member, leading, epoch, zxid, digest });
  }

  #lookForStaleEpochs(sid: number, member: string, state: MemberState | undefined): void {
    const complaint = this.#stale.see({
      timeMs: this.#world.time.nowMs,
      member,
      serving: state?.serving === true,
      leading: state?.mode === 'leader',
      epoch: state?.epoch ?? 0,
      paused: this.#world.isPaused(sid),
    });
    if (complaint !== undefined) this.#world.failures.push(complaint);
  }
}
