/**
 * HTTP load by autocannon, for AdminServer. What its numbers cannot show is returned with them.

 */
import autocannon from 'autocannon';

export interface HttpLoadSpec {
  url: string;
  /** As in `Address`. */
  machine?: string | undefined;
  connections: number;
  durationMs: number;
  /** Requests per second over all connections; undefined runs as fast as answers come. */
  ratePerSecond?: number;
  method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  body?: string;
  headers?: Record<string, string>;
  pipelining?: number;
  /** Ends the load early. */
  signal?: AbortSignal;
}

export interface HttpLoadResult {
  requestsPerSecond: number;
  ok: number;
  /** Answers with a status other than 2xx. */
  non2xx: number;
  errors: number;
  timeouts: number;
  /** In whole milliseconds, as autocannon measures. Undefined with too few samples. */
  latencyMs: { p50?: number; p99?: number; max: number };
  /** Always true; print them beside the numbers. */
  distortions: readonly string[];
  voidReasons: string[];
}

/** At any rate, and without one. */
export const HTTP_DISTORTIONS: readonly string[] = [
  'latency is in whole milliseconds',
  'latency is measured from the send, not from an intended start',
];
const BURSTS = "each second's requests leave in one burst at its start, not evenly";

/** With fewer answers, a p99 would depend on a handful of them. */
const P99_SAMPLES_MIN = 1_000;

/**
 * @throws RangeError for a target that is neither loopback nor a member of the lab; Error when autocannon
 * refuses its options
 */
export async function runHttpLoad(spec: HttpLoadSpec): Promise<HttpLoadResult> {
  const { hostname } = new URL(spec.url);
  if (spec.machine === undefined && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) {
    throw new RangeError(
      `HTTP target ${spec.url}: only loopback is loaded, and members that the lab started`,
    );
  }
  const result = await runToEnd(optionsOf(spec), spec.signal);
  const answered = result['2xx'] + result.non2xx;
  return {
    requestsPerSecond: result.duration > 0 ? answered / result.duration : 0,
    ok: result['2xx'],
    non2xx: result.non2xx,
    errors: result.errors,
    timeouts: result.timeouts,
    latencyMs: {
      max: result.latency.max,
      ...(answered >= 10 ? { p50: result.latency.p50 } : {}),
      ...(answered >= P99_SAMPLES_MIN ? { p99: result.latency.p99 } : {}),
    },
    distortions: spec.ratePerSecond === undefined ? HTTP_DISTORTIONS : [...HTTP_DISTORTIONS, BURSTS],
    voidReasons: result['2xx'] === 0 ? [`no request to ${spec.url} was answered with 2xx`] : [],
  };
}

/**
 * autocannon's own correction is switched off. It assumes an interval of 1 ms at any rate and invents
 * thousands of samples. Without a rate there is no correction, and autocannon refuses the option.
 */
export function optionsOf(spec: HttpLoadSpec): autocannon.Options & { ignoreCoordinatedOmission?: true } {
  const { url, connections, ratePerSecond, method = 'GET', body, headers, pipelining = 1 } = spec;
  return {
    url,
    connections,
    duration: spec.durationMs / 1000,
    pipelining,
    method,
    ...(ratePerSecond === undefined ? {} : { overallRate: ratePerSecond, ignoreCoordinatedOmission: true }),
    ...(body === undefined ? {} : { body }),
    ...(headers === undefined ? {} : { headers }),
  };
}

function runToEnd(options: autocannon.Options, signal: AbortSignal | undefined): Promise<autocannon.Result> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = (): void => run.stop();
    const run = autocannon(options, (error: unknown, result) => {
      signal?.removeEventListener('abort', stop);
      if (error) reject(error);
      else resolve(result);
    });
    signal?.addEventListener('abort', stop);
  });
}
