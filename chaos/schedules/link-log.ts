/** Writes the links that are not as they should be, whenever faults change them, to `links.ndjson`. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventSink, RunEvent } from '../../results/events.ts';
import { readLinkStates } from '../mesh/link-states.ts';
import type { MeshedEnsemble } from '../meshed-ensemble.ts';

const CHANGES: readonly RunEvent['kind'][] = ['injected', 'healed'];

export class LinkLog {
  readonly #file: string;
  readonly #meshed: Pick<MeshedEnsemble, 'client' | 'mesh'>;
  #last: Promise<void> = Promise.resolve();
  #problem: string | undefined;

  constructor(runFolder: string, meshed: Pick<MeshedEnsemble, 'client' | 'mesh'>) {
    this.#file = join(runFolder, 'links.ndjson');
    this.#meshed = meshed;
  }

  /** Passes all events on, and looks at the links after each that changes them. */
  behind(events: EventSink): EventSink {
    return {
      emit: event => {
        events.emit(event);
        if (CHANGES.includes(event.kind))
          void this.look(`${event.kind} ${'fault' in event ? event.fault : ''}`);
      },
    };
  }

  /** Returns the links that are not as they should be, by name. @param after what has just happened */
  look(after: string): Promise<Readonly<Record<string, string>>> {
    const looked = this.#last.then(() => this.#look(after));
    this.#last = looked.then(
      () => {},
      (error: Error) => {
        this.#problem ??= error.message;
      },
    );
    return looked.catch(() => ({}));
  }

  /** Why lines are missing; undefined when none is. */
  async problem(): Promise<string | undefined> {
    await this.#last;
    return this.#problem;
  }

  async #look(after: string): Promise<Readonly<Record<string, string>>> {
    const { client, mesh } = this.#meshed;
    const at = Date.now();
    const states = await readLinkStates(client, mesh.links);
    const harmed = states.flatMap(({ link, harm }) =>
      harm === undefined ? [] : [[link.name, harm] as const],
    );
    const links = Object.fromEntries(harmed);
    appendFileSync(this.#file, `${JSON.stringify({ at, after: after.trim(), of: states.length, links })}\n`);
    return links;
  }
}
