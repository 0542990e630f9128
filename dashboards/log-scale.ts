export interface LogScale {
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
}

const TICKS_MAX = 6;

/**
 * From the 1, 2 or 5 below the least value to the one above the greatest, so that both ends have a tick and
 * no tick is outside.
 */
export function logScale(values: readonly number[]): LogScale {
  const positive = values.filter(value => value > 0);
  if (positive.length === 0) return { domain: [1, 10], ticks: [1, 10] };
  const [least, most] = [Math.min(...positive), Math.max(...positive)];
  const steps: number[] = [];
  for (let power = powerBelow(least); power <= powerBelow(most) + 2; power += 1)
    steps.push(...[1, 2, 5].map(digit => Number(`${digit}e${power}`)));
  const from = steps.findLast(step => step <= least)!;
  const to = steps.find(step => step >= most && step > from)!;
  const within = steps.filter(step => step >= from && step <= to);
  const ticks =
    within.length <= TICKS_MAX ? within : within.filter(step => step === Number(`1e${powerBelow(step)}`));
  return { domain: [from, to], ticks };
}

/**
 * Uses the decimal digits, because `Math.log10` rounds and counts two whole decades for 99.99999999999999.
 */
function powerBelow(value: number): number {
  return Number(value.toExponential().split('e')[1]);
}
