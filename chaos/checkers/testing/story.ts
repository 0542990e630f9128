import type { EventType, HistoryEvent, OperationName } from '../history.ts';

export type Detail = Partial<HistoryEvent>;

/** Builds a history call by call. Index and time of an event follow from its position. */
export class Story {
  readonly events: HistoryEvent[] = [];
  #operations = 0;

  tell(type: EventType, operation: number, f: OperationName, detail: Detail = {}): this {
    const index = this.events.length;
    const event = {
      index,
      timeMs: index,
      process: operation % 10,
      operation,
      type,
      f,
      path: '/a',
      session: '1',
    };
    this.events.push({ ...event, ...detail });
    this.#operations = Math.max(this.#operations, operation + 1);
    return this;
  }

  /** An operation of the next number that begins and ends with nothing between. */
  next(f: OperationName, path: string, asked: Detail = {}, answer: Detail = {}): this {
    const operation = this.#operations;
    const about = { path, session: asked.session ?? '1' };
    this.tell('invoke', operation, f, { ...asked, ...about });
    return this.tell(answer.error === undefined ? 'ok' : 'fail', operation, f, { ...answer, ...about });
  }

  /** One that nobody knows the outcome of. */
  open(f: OperationName, path: string, asked: Detail = {}): this {
    return this.tell('invoke', this.#operations, f, { ...asked, path });
  }
}
