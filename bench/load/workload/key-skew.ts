/** Chooses the next key. A chooser maps a number in [0, 1) to a key in [0, keyCount). */

export type KeySkew =
  | { kind: 'uniform' }
  /** YCSB's default exponent is 0.99; 0 is uniform. */
  | { kind: 'zipfian'; exponent: number }
  /** `share` of the operations go to the first `keys` keys, the rest evenly to the others. */
  | { kind: 'hot'; share: number; keys: number };

export type KeyChooser = (u: number) => number;

/** @throws RangeError naming the setting and what is accepted */
export function keyChooser(skew: KeySkew, keyCount: number): KeyChooser {
  if (!Number.isInteger(keyCount) || keyCount < 1)
    throw new RangeError(`keyCount ${keyCount}: 1 or more is accepted`);
  switch (skew.kind) {
    case 'uniform':
      return u => Math.floor(u * keyCount);
    case 'zipfian':
      return zipfian(skew.exponent, keyCount);
    case 'hot':
      return hot(skew.share, skew.keys, keyCount);
  }
}

/** Uses the cumulative table: exact for any exponent, 8 bytes per key, a binary search per choice. */
function zipfian(exponent: number, keyCount: number): KeyChooser {
  if (!(exponent >= 0 && exponent <= 5))
    throw new RangeError(`zipfian exponent ${exponent}: 0 to 5 is accepted`);
  const cumulative = new Float64Array(keyCount);
  let sum = 0;
  for (let i = 0; i < keyCount; i++) {
    sum += 1 / (i + 1) ** exponent;
    cumulative[i] = sum;
  }
  return u => {
    const wanted = u * sum;
    let low = 0;
    let high = keyCount - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

function hot(share: number, keys: number, keyCount: number): KeyChooser {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`hot share ${share}: 0 to 1 is accepted`);
  if (!Number.isInteger(keys) || keys < 1 || keys >= keyCount) {
    throw new RangeError(`${keys} hot keys of ${keyCount}: at least 1 and fewer than all is accepted`);
  }
  const cold = keyCount - keys;
  return u =>
    u < share ? Math.floor((u / share) * keys) : keys + Math.floor(((u - share) / (1 - share)) * cold);
}
