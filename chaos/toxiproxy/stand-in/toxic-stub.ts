import type { Chunk, Sink, StageContext, ToxicStage } from './stage.ts';
import type { Toxic } from './toxic.ts';

/** The place of one toxic in the chain of one link: its stage, or (depending on toxicity) a bypass. */
export class ToxicStub implements Sink {
  readonly toxic: Toxic;
  /** Where it leads: the next stub or the destination. The link updates it as toxics come and go. */
  out: Sink;
  readonly #stage: ToxicStage;
  readonly #context: StageContext;
  #active = false;
  #ended = false;

  constructor(toxic: Toxic, out: Sink, context: StageContext) {
    this.toxic = toxic;
    this.out = out;
    this.#context = context;
    const behind: Sink = { push: chunk => this.#passOn(chunk), end: () => this.#close() };
    this.#stage = toxic.type.stage(toxic.attributes, behind, context);
    this.run();
  }

  /** Decides anew whether the toxic affects this connection. */
  run(): void {
    if (this.#ended) return;
    this.#active = this.#context.random.float() < this.toxic.toxicity;
    if (this.#active) this.#stage.run();
    else this.#stage.release();
  }

  push(chunk: Chunk): void {
    if (this.#ended) return;
    if (this.#active) this.#stage.push(chunk);
    else this.out.push(chunk);
  }

  end(): void {
    if (this.#ended) return;
    if (this.#active) this.#stage.end();
    else this.#close();
  }

  release(): void {
    this.#stage.release();
    if (this.toxic.type.closesOnRemoval) this.#close();
  }

  discard(): void {
    this.#ended = true;
    this.#stage.discard();
  }

  hasRoom(): boolean {
    return this.#stage.hasRoom();
  }

  #passOn(chunk: Chunk): void {
    if (!this.#ended) this.out.push(chunk);
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stage.discard();
    this.out.end();
  }
}
