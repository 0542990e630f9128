/**
 * How events are gathered: all that come while the server does something else are handled together. A window
 * of time begins with an event, or at the end of the window before if events came meanwhile.
 */

/** Windows in ms, for the three things that gather. Measured; see `fitBatching`. */
export interface Batching {
  /** Writes that share an fsync. */
  readonly fsyncMs: number;
  /** Messages to one peer that share a flush. */
  readonly flushMs: number;
  /** Events that share a turn. */
  readonly turnMs: number;
}

/**
 * Windows per second for events that come independently at this rate, while each window takes `windowMs`. It
 * is the rate of events for a short window, and 1 / windowMs for many events.
 */
export function gathered(eventsPerSecond: number, windowMs: number): number {
  if (eventsPerSecond <= 0) return 0;
  const windowS = windowMs / 1000;
  // A window is followed by the next at once, unless no event came in it: then by the wait for one.
  return 1 / (windowS + Math.exp(-eventsPerSecond * windowS) / eventsPerSecond);
}

/** Wider than any: a window of a second would be a server that stands still. */
const WINDOW_MS_MAX = 1_000;
const WINDOW_MS_MIN = 0.001;
/** Each narrows the range of logarithms by the golden ratio: to a millionth of the window. */
const STEPS = 34;
/** The golden ratio, less one. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** The window with which `miss` is least, searched on a logarithmic scale. @param miss has one minimum */
export function fitWindow(miss: (windowMs: number) => number): number {
  let [low, high] = [Math.log(WINDOW_MS_MIN), Math.log(WINDOW_MS_MAX)];
  const at = (share: number) => {
    const log = low + share * (high - low);
    return { log, miss: miss(Math.exp(log)) };
  };
  let [a, b] = [at(1 - GOLDEN), at(GOLDEN)];
  for (let step = 0; step < STEPS; step++) {
    if (a.miss <= b.miss) {
      [high, b] = [b.log, a];
      a = at(1 - GOLDEN);
    } else {
      [low, a] = [a.log, b];
      b = at(GOLDEN);
    }
  }
  return Math.exp((low + high) / 2);
}
