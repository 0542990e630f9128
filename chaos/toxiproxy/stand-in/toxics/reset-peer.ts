import { TIMER_MS_MAX, type ToxicType } from '../stage.ts';

/**
 * Ends the connection `timeout` ms after the first bytes (or the end) arrive; the bytes are dropped.
 * Connections made while the toxic exists end with RST. Older ones close in the ordinary way, as in
 * Toxiproxy.
 */
export const resetPeer: ToxicType<'timeout'> = {
  type: 'reset_peer',
  attributes: ['timeout'],
  resetsConnections: true,
  stage(attributes, out) {
    let timer: NodeJS.Timeout | undefined;
    const arm = () => {
      timer ??= setTimeout(() => out.end(), Math.min(attributes.timeout, TIMER_MS_MAX));
    };
    return {
      push: arm,
      end: arm,
      run: () => {},
      release: () => {
        clearTimeout(timer);
        if (timer !== undefined) out.end();
      },
      discard: () => clearTimeout(timer),
      hasRoom: () => true,
    };
  },
};
