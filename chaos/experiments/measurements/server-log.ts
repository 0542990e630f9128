/**
 * Reads from the log of a zklab server how the member rejoined the ensemble. Apache's logs have no such
 * events.
 */
import { z } from 'zod';
import type { Sync } from '../../../results/schema.ts';

const line = z.object({
  /** Ms since 1970. */
  time: z.number(),
  /** The kind of a `ServerEvent`. */
  event: z.string(),
  /** Present with `synced`. */
  sync: z.enum(['DIFF', 'SNAP', 'TRUNC']).optional(),
  master: z.object({ host: z.string() }).nullish(),
});
type Line = z.infer<typeof line>;

export interface WayBack {
  readonly marks: Pick<Sync['marks'], 'electedMs' | 'syncModeChosenMs' | 'upToDateMs'>;
  readonly mode: Sync['mode'];
  /** Host of the leader or observer master. */
  readonly masterHost: string | undefined;
}

/**
 * The attempt that led to serving at `servedAt`: its sync, and the last election result and choice of mode
 * before it. Undefined when the log contains no sync in that time.
 */
export function wayBackOf(log: string, lostAt: number, servedAt: number): WayBack | undefined {
  const lines = log
    .split('\n')
    .flatMap(parseLine)
    .filter(({ time }) => time >= lostAt && time <= servedAt);
  const end = lines.findLastIndex(({ event }) => event === 'synced');
  const synced = lines[end];
  if (synced?.sync === undefined) return undefined;
  const before = lines.slice(0, end);
  const elected = before.findLast(({ event }) => event === 'elected');
  const chosen = before.findLast(({ event }) => event === 'syncBegun');
  return {
    marks: {
      ...(elected && { electedMs: elected.time - lostAt }),
      ...(chosen && { syncModeChosenMs: chosen.time - lostAt }),
      upToDateMs: synced.time - lostAt,
    },
    mode: synced.sync,
    masterHost: synced.master?.host,
  };
}

function parseLine(text: string): Line[] {
  if (!text.startsWith('{')) return [];
  try {
    const parsed = line.safeParse(JSON.parse(text));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}
