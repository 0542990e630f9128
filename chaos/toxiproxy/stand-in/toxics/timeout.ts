import { TIMER_MS_MAX, type ToxicType } from '../stage.ts';

/**
 * Drops all bytes. With `timeout` > 0 the connection closes after that many ms without any arriving; with 0
 * it stays. Removing the toxic closes the connection too, so it cannot model a partition that TCP survives.
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
