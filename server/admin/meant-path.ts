/**
 * The path that a client means, as Jetty reads it: without parameters (";x=1"), with "." and ".." resolved,
 * then decoded. Bytes that are no UTF-8 are read as Latin-1. Undefined when it is no valid path.
 */
export function meantPath(path: string): string | undefined {
  if (!path.startsWith('/') || /%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
  const meant: string[] = [];
  const segments = path.slice(1).split('/');
  for (const [at, segment] of segments.entries()) {
    const name = decoded(segment.replace(/;.*$/, ''));
    const isLast = at === segments.length - 1;
    if (name === '..') {
      if (meant.length === 0) return undefined;
      meant.pop();
    }
    if (name !== '.' && name !== '..') meant.push(name);
    else if (isLast) meant.push('');
  }
  return `/${meant.join('/')}`;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return unescape(segment);
  }
}
