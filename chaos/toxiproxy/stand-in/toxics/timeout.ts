import { TIMER_MS_MAX, type ToxicType } from '../stage.ts';

/**
 * Bytes vanish. With `timeout` > 0 the connection is closed after that many ms without any arriving; with 0
 * it stays. Taking the toxic away closes the connection too, so a partition that TCP outlives cannot be made
 * of it.
 */
export const timeout: ToxicType<'timeout'> = {
  type: 'timeout',
  attributes: ['timeout'],
  closesOnRemoval: true,
  stage(attributes, out) {
    let timer: NodeJS.Timeout | undefined;
    const stop = () => clearTimeout(timer);
    const run = () => {
      stop();
      if (attributes.timeout > 0)
        timer = setTimeout(() => out.end(), Math.min(attributes.timeout, TIMER_MS_MAX));
    };
    const end = () => {
      stop();
      out.end();
    };
    return { push: run, end, run, release: stop, discard: stop, hasRoom: () => true };
  },
};
