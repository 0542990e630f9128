import { ServerError } from '../errors.ts';

/**
 * The text of a Java properties file, as java.util.Properties reads it: comments with # or !, key and value
 * apart by =, : or white space, lines continued by a backslash, escapes, and the last of equal keys.
 *
 * @param onRepeated told of each value that a later one of the same key replaces
 * @returns keys in order of first appearance; values with their trailing white space
 * @throws ServerError ZK_CONFIG_VALUE for a \u that four hexadecimal digits do not follow
 */
export function parseProperties(
  text: string,
  onRepeated: (key: string, replaced: string, by: string) => void = () => {},
): Map<string, string> {
  const properties = new Map<string, string>();
  for (const { line } of logicalLines(text.split(/\r\n|\r|\n/))) {
    const [key, value] = splitLine(line).map(unescapeText) as [string, string];
    const earlier = properties.get(key);
    if (earlier !== undefined) onRepeated(key, earlier, value);
    properties.set(key, value);
  }
  return properties;
}

/** The text without the lines whose key is dropped; every other byte of it stays. */
export function withoutProperties(text: string, isDropped: (key: string) => boolean): string {
  const natural = text.split(/(?<=\n|\r(?!\n))/);
  const dropped = new Set<number>();
  for (const { line, first, last } of logicalLines(natural)) {
    if (!isDropped(unescapeText(splitLine(line)[0]))) continue;
    for (let at = first; at <= last; at++) dropped.add(at);
  }
  return natural.filter((_, at) => !dropped.has(at)).join('');
}

/** Escapes a text so that it is read back unchanged, whatever characters it has. */
export function escapedProperty(text: string): string {
  return text.replace(/\\|[^\x20-\x7e]/g, letter =>
    letter === '\\' ? '\\\\' : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The white space of the format, which includes neither vertical tab nor Unicode's other spaces. */
const LEADING_SPACE = /^[ \t\f]+/;

/** A logical line, and its position among the natural lines, which may include their line ends. */
interface LogicalLine {
  readonly line: string;
  readonly first: number;
  readonly last: number;
}

function logicalLines(natural: readonly string[]): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let open: { line: string; first: number } | undefined;
  for (const [at, raw] of natural.entries()) {
    const line = raw.replace(/[\r\n]+$/, '').replace(LEADING_SPACE, '');
    // Within a continued line, # and blank lines are text.
    if (open === undefined && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const whole = (open?.line ?? '') + line;
    const first = open?.first ?? at;
    open = undefined;
    if (!isContinued(line)) lines.push({ line: whole, first, last: at });
    // A line that continues nothing is a line like any other.
    else if (whole.length > 1) open = { line: whole.slice(0, -1), first };
  }
  if (open !== undefined) lines.push({ ...open, last: natural.length - 1 });
  return lines;
}

/** An even number of backslashes at the end is a series of escaped backslashes. */
function isContinued(line: string): boolean {
  return (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;
}

function splitLine(line: string): [key: string, value: string] {
  let end = 0;
  while (end < line.length && !' \t\f=:'.includes(line.charAt(end))) end += line.charAt(end) === '\\' ? 2 : 1;
  const value = line.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
  return [line.slice(0, end), value];
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescapeText(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.|$)/gs, (sequence, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    if (escaped === 'u') {
      throw new ServerError(
        'ZK_CONFIG_VALUE',
        `"${text}" contains ${sequence} without four hexadecimal digits after it`,
      );
    }
    return ESCAPES[escaped] ?? escaped;
  });
}
