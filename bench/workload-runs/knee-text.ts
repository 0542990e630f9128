/** The knee of an ensemble, for a person. */
import type { LoadResult } from '../load/load-spec.ts';
import { fittedTable } from '../terminal.ts';
import type { DepthSweep, RateSearchResult } from './rate-search.ts';

export interface KneeFindings {
  readonly sweep: DepthSweep;
  readonly p99MsMax: number | undefined;
  readonly search: RateSearchResult;
  /** Why each window of the search did not pass; empty for one that did. */
  readonly why: readonly string[];
  readonly ladder: readonly { readonly share: number; readonly load: LoadResult }[];
}

export function kneeText(findings: KneeFindings, widthColumns = Number.POSITIVE_INFINITY): string {
  const { sweep, search, why, ladder } = findings;
  const depths = sweep.points.map(({ depth, okPerSecond, isVoid }) => [
    String(depth),
    whole(okPerSecond),
    isVoid ? 'void' : depth === sweep.knee?.depth ? 'knee' : '',
  ]);
  const windows = search.windows.map(({ ratePerSecond, verdict }, index) => [
    whole(ratePerSecond),
    verdict,
    why[index] ?? '',
  ]);
  const rungs = ladder.map(({ share, load }) => {
    const { p50Us, p95Us, p99Us, n } = load.response;
    return [
      `${share * 100} %`,
      whole(load.spec.mode.kind === 'open' ? load.spec.mode.ratePerSecond : 0),
      whole(load.okPerSecond),
      String(n),
      ms(p50Us),
      ms(p95Us),
      ms(p99Us),
      load.voidReasons.join('; '),
    ];
  });
  const parts = [fittedTable(depths, widthColumns, ['depth', 'per second', ''])];
  if (windows.length > 0) parts.push(fittedTable(windows, widthColumns, ['rate/s', 'verdict', 'why']));
  parts.push(`${kneeSentence(findings)}\n`);
  if (rungs.length > 0)
    parts.push(
      fittedTable(rungs, widthColumns, [
        'of the knee',
        'rate/s',
        'answered/s',
        'n',
        'p50 ms',
        'p95 ms',
        'p99 ms',
        '',
      ]),
    );
  return parts.join('\n');
}

/** The answer, in one sentence. */
export function kneeSentence({ search, p99MsMax }: KneeFindings): string {
  const { end, passed, failed, windows } = search;
  const measured = `${windows.length} windows`;
  const what =
    p99MsMax === undefined
      ? 'rate that the ensemble keeps up with'
      : `rate with a p99 of at most ${p99MsMax} ms`;
  if (windows.length === 0) return `No ${what} was looked for: no depth of the sweep counts.`;
  if (passed === undefined)
    return end === 'void'
      ? `No ${what} was found: the driver was at its limit in each window (${measured}).`
      : `No ${what} was found, down to ${whole(failed ?? 0)}/s (${measured}).`;
  const highest = `The highest ${what} is ${whole(passed)}/s`;
  switch (end) {
    case 'void':
      return `${highest}, where the driver was the limit: at ${whole(failed ?? 0)}/s it was saturated (${measured}).`;
    case 'out of windows':
      return `${highest} so far; the search ended after ${measured}.`;
    case 'none fails':
      return `${highest}, the highest that was tried (${measured}).`;
    default:
      return `${highest}; ${whole(failed ?? 0)}/s failed (${measured}).`;
  }
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function ms(us: number | undefined): string {
  return us === undefined ? '-' : (us / 1000).toFixed(2);
}
