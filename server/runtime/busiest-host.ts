/**
 * Returns the first item of the host with most items. `items` are in the order of arrival. When several hosts
 * have most, the one whose first item is earliest counts.
 */
export function oldestOfBusiestHost<T>(items: readonly T[], hostOf: (item: T) => string): T | undefined {
  const counts = new Map<string, number>();
  for (const item of items) {
    const host = hostOf(item);
    counts.set(host, (counts.get(host) ?? 0) + 1);
  }
  let busiest: string | undefined;
  let most = 0;
  for (const [host, count] of counts) {
    if (count <= most) continue;
    busiest = host;
    most = count;
  }
  return items.find(item => hostOf(item) === busiest);
}
