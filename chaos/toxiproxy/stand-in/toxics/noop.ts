import type { ToxicType } from '../stage.ts';

/** Passes everything: the toxic to add when only the presence of one is to be measured. */
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
