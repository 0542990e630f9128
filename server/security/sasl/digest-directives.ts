/** The texts of DIGEST-MD5 (RFC 2831, 7.1): directives name=value or name="value", with commas between. */

/** What a peer has sent is not accepted. The message is the end of a sentence about it. */
export class SaslError extends Error {
  override readonly name = 'SaslError';
}

const NAME = /[\s,]*([A-Za-z0-9_-]+)\s*=\s*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"\s*(?:,|$)/sy;
const TOKEN = /([^\s",=]*)\s*(?:,|$)/y;
const REST = /[\s,]*$/y;

/** The directives by name; of a repeated one, all values. @throws SaslError */
export function parseDirectives(text: string): ReadonlyMap<string, readonly string[]> {
  const directives = new Map<string, string[]>();
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) return undefined;
    at = pattern.lastIndex;
    return found[1] ?? '';
  };
  while (match(REST) === undefined) {
    const name = match(NAME)?.toLowerCase();
    const value = match(QUOTED)?.replace(/\\(.)/gs, '$1') ?? match(TOKEN);
    if (name === undefined || value === undefined) throw new SaslError('what it says is not DIGEST-MD5');
    directives.set(name, [...(directives.get(name) ?? []), value]);
  }
  return directives;
}

/** The only value of a directive; undefined when it is absent. @throws SaslError when there are several */
export function onlyValue(
  directives: ReadonlyMap<string, readonly string[]>,
  name: string,
): string | undefined {
  const values = directives.get(name) ?? [];
  if (values.length > 1) throw new SaslError(`it says ${name} more than once`);
  return values[0];
}

export function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
