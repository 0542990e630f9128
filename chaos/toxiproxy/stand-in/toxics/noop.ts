import type { ToxicType } from '../stage.ts';

/** Passes everything. It serves to measure the cost of having a toxic at all. */
export const noop: ToxicType<never> = {
  type: 'noop',
  attributes: [],
  stage: (_, out) => ({
    push: chunk => out.push(chunk),
    end: () => out.end(),
    run: () => {},
    release: () => {},
    discard: () => {},
    hasRoom: () => true,
  }),
};
