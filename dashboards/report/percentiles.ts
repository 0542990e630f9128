import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import type { Measurement } from '../../results/schema.ts';

/** A percentile is shown when at least this many samples lie beyond it: p99.9 needs 10,000. */
const SAMPLES_BEYOND_MIN = 10;
const MS_PER_UNIT = { ns: 1e-6, us: 1e-3, ms: 1 } as const;
const PERCENTILES = [
  0, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97, 98, 99, 99.3, 99.5, 99.7, 99.8, 99.9, 99.95,
  99.97, 99.99, 99.995, 99.999,
];

export interface PercentileCurve {
  readonly measurement: string;
  readonly samples: number;
  /** Percentile (0 to 100) and latency in ms. */
  readonly points: readonly (readonly [number, number])[];
}

/**
 * The curve of a measurement's histogram. @throws Error naming a measurement whose histogram cannot be
 * decoded
 */
export function percentileCurve(measurement: Measurement): PercentileCurve | null {
  if (measurement.histogram === undefined) return null;
  const { encoded, unit } = measurement.histogram;
  const histogram = decode(encoded, measurement.id);
  const samples = histogram.totalCount;
  const points = PERCENTILES.filter(
    percentile => samples * (1 - percentile / 100) >= SAMPLES_BEYOND_MIN - 1e-6,
  ).map(percentile => [percentile, histogram.getValueAtPercentile(percentile) * MS_PER_UNIT[unit]] as const);
  return { measurement: measurement.id, samples, points };
}

function decode(encoded: string, id: string): ReturnType<typeof decodeFromCompressedBase64> {
  try {
    return decodeFromCompressedBase64(encoded);
  } catch (error) {
    throw new Error(`the histogram of measurement "${id}" cannot be decoded: ${error}`);
  }
}
