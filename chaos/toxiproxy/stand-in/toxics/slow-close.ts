import { DelayLine } from '../delay-line.ts';
import type { ToxicType } from '../stage.ts';

/** Passes bytes at once, and the close `delay` ms late. */
export const slowClose: ToxicType<'delay'> = {
  type: 'slow_close',
  attributes: ['delay'],
  stage(attributes, out, context) {
    const line = new DelayLine(out, context);
    const dueMs = () => context.nowMs() + attributes.delay;
    return {
      push: chunk => out.push(chunk),
      end: () => line.add(undefined, dueMs()),
      run: () => line.reschedule(dueMs),
      release: () => line.flush(),
      discard: () => line.clear(),
      hasRoom: () => true,
    };
  },
};
