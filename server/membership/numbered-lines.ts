import { badValue, readInteger } from '../properties/key-kinds.ts';

/**
 * The lines `family.N`, in order of N.
 *
 * @throws ServerError ZK_CONFIG_VALUE for an N that is no integer of at least `min`, or that is there twice
 */
export function numberedLines<T>(
  properties: ReadonlyMap<string, string>,
  family: string,
  parse: (id: number, text: string) => T,
  min = 0,
): Map<number, T> {
  const found = new Map<number, T>();
  for (const [key, value] of properties) {
    if (!key.startsWith(`${family}.`)) continue;
    const id = readInteger(key.slice(family.length + 1), min, Number.MAX_SAFE_INTEGER);
    if (id === undefined)
      throw badValue(key, value, `${family}.N with an integer N from ${min} to ${Number.MAX_SAFE_INTEGER}`);
    if (found.has(id)) throw badValue(key, value, `one line only for ${family}.${id}`);
    found.set(id, parse(id, value.trim()));
  }
  return sortedMap(found);
}

export function sortedMap<T>(entries: Iterable<readonly [number, T]>): Map<number, T> {
  return new Map([...entries].sort(([a], [b]) => a - b));
}
