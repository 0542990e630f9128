/**
 * Latency histograms in microseconds. They can be merged, are stored whole with a result, and limit their
 * tails.
 */
import * as hdr from 'hdr-histogram-js';

/** One minute. Longer latencies are recorded as one minute, and `clipped` counts them. */
export const LATENCY_US_MAX = 60_000_000;

/** With fewer samples, a percentile would depend on a handful of requests. */
const PERCENTILE_SAMPLES_MIN = { p50: 10, p90: 100, p95: 200, p99: 1_000, p999: 10_000 } as const;

export interface Percentiles {
  n: number;
  meanUs?: number;
  maxUs?: number;
  p50Us?: number;
  p90Us?: number;
  p95Us?: number;
  p99Us?: number;
  p999Us?: number;
  clipped: number;
}

export interface EncodedHistogram {
  /** HdrHistogram's V2 compressed encoding in base64, which any HDR tool reads. Unit: microseconds. */
  base64: string;
  n: number;
  clipped: number;
}

export class LatencyHistogram {
  #histogram: hdr.Histogram;
  clipped = 0;

  constructor() {
    this.#histogram = makeHistogram();
  }

  get n(): number {
    return this.#histogram.totalCount;
  }

  /** Negative values count as 0. They come from two clocks, one of which is wrong. */
  recordUs(us: number): void {
    if (us > LATENCY_US_MAX) {
      this.clipped++;
      this.#histogram.recordValue(LATENCY_US_MAX);
    } else this.#histogram.recordValue(us > 0 ? Math.round(us) : 0);
  }

  merge(other: LatencyHistogram): this {
    this.#histogram.add(other.#histogram);
    this.clipped += other.clipped;
    return this;
  }

  /** Percentiles with too few samples are undefined, not zero. */
  percentiles(): Percentiles {
    const histogram = this.#histogram;
    const n = this.n;
    if (n === 0) return { n, clipped: 0 };
    const at = (name: keyof typeof PERCENTILE_SAMPLES_MIN, percentile: number): Partial<Percentiles> =>
      n < PERCENTILE_SAMPLES_MIN[name] ? {} : { [`${name}Us`]: histogram.getValueAtPercentile(percentile) };
    return {
      n,
      meanUs: histogram.mean,
      maxUs: histogram.maxValue,
      ...at('p50', 50),
      ...at('p90', 90),
      ...at('p95', 95),
      ...at('p99', 99),
      ...at('p999', 99.9),
      clipped: this.clipped,
    };
  }

  encode(): EncodedHistogram {
    return { base64: hdr.encodeIntoCompressedBase64(this.#histogram), n: this.n, clipped: this.clipped };
  }

  /** @throws Error when the text is no histogram, or contains another number of samples than `n` */
  static decode(encoded: EncodedHistogram): LatencyHistogram {
    const decoded = new LatencyHistogram();
    decoded.#histogram.add(hdr.decodeFromCompressedBase64(encoded.base64, 32, false));
    decoded.clipped = encoded.clipped;
    if (decoded.n !== encoded.n) {
      throw new Error(
        `a histogram claims ${encoded.n} samples and contains ${decoded.n}; it was cut or altered`,
      );
    }
    return decoded;
  }
}

function makeHistogram(): hdr.Histogram {
  return hdr.build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: LATENCY_US_MAX,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
}
