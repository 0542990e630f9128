/** The rules for znode paths. @see docs/wire.md "Paths"; PathUtils.validatePath */

/** Null when the path is valid, else what is wrong with it. */
export function pathProblem(path: string): string | null {
  if (path.length === 0) return 'path is empty';
  if (path.charCodeAt(0) !== SLASH) return 'path must start with /';
  if (path.length === 1) return null;
  if (path.charCodeAt(path.length - 1) === SLASH) return 'path must not end with /';
  let elementStart = 1;
  for (let i = 1; i <= path.length; i++) {
    const code = i === path.length ? SLASH : path.charCodeAt(i);
    if (code === SLASH) {
      const length = i - elementStart;
      if (length === 0) return 'path has an empty element';
      if (path.charCodeAt(elementStart) === DOT) {
        if (length === 1) return 'path has a relative element "."';
        if (length === 2 && path.charCodeAt(elementStart + 1) === DOT)
          return 'path has a relative element ".."';
      }
      elementStart = i + 1;
    } else if (code < 0x20 || (code >= 0x7f && isForbidden(code))) {
      return `path has the forbidden character U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    }
  }
  return null;
}

const SLASH = 0x2f;
const DOT = 0x2e;

function isForbidden(code: number): boolean {
  return code <= 0x9f || (code >= 0xd800 && code <= 0xf8ff) || code >= 0xfff0;
}

/** Where the name begins: behind the last slash. A loop, because `lastIndexOf` is a call into native code. */
export function nameStart(path: string): number {
  let at = path.length;
  while (at > 0 && path.charCodeAt(at - 1) !== SLASH) at--;
  return at;
}

/** "/a/b" -> "/a", "/a" -> "/", "/" -> "". */
export function parentOf(path: string): string {
  const slash = nameStart(path) - 1;
  return slash === 0 ? (path.length === 1 ? '' : '/') : path.slice(0, slash);
}

/** "/a/b" -> "b". */
export function nameOf(path: string): string {
  return path.slice(nameStart(path));
}

export function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}
