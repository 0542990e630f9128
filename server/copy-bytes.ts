/** Below this many bytes a loop beats the call into native code. */
const SHORT_COPY_BYTES = 64;

/** Copies `from[start, end)` to `to[at, ...)`. */
export function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start <= SHORT_COPY_BYTES) {
    for (let i = start, j = at; i < end; i++, j++) to[j] = from[i]!;
  } else {
    to.set(start === 0 && end === from.length ? from : from.subarray(start, end), at);
  }
}
